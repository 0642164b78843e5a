//! What an earlier server has left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun::RunId;

use super::shares::Owned;
use crate::repo::AccountId;
use crate::server::{Inner, ServerError};

impl Inner {
    /// Goes on with open runs, and with deleting those that were to be deleted.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), ServerError> {
        // Known before any of them asks for its share.
        let owned = |(run, account)| (run, (account, self.shares.owned(run, account)));
        let mut owners: BTreeMap<RunId, (AccountId, Owned)> =
            self.repo.open_runs()?.into_iter().map(owned).collect();
        let recovered = self.engine.recover().await?;
        for left in &recovered.untouched {
            tracing::warn!(run = %left.run, reason = %left.reason, "a run cannot go on here and is left as it is");
        }
        for handle in recovered.resumed {
            // The others are of no account: deleted, or made by the command line.
            if let Some((account, owned)) = owners.remove(&handle.id()) {
                self.follow(account, handle, owned);
            }
        }
        self.remove(self.repo.doomed_runs()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use flowrun::{RunRequest, SqliteOptions, Store as _, TaskTypes};

    use super::*;
    use crate::runs::tests::{add, wanted};
    use crate::{Server, tables};

    async fn server(folder: &Path) -> Server {
        Server::builder(folder.join("runs.flowrun")).open().await.unwrap()
    }

    async fn closed(server: Server) {
        server.shutdown(Duration::from_secs(60)).await;
    }

    fn counts(server: &Server) -> (u64, u64) {
        let account = server.repository().account_named("a").unwrap().unwrap();
        (account.runs, account.flowruns)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_was_not_kept_is_made_of_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let first = server(folder.path()).await;
        let (caller, wanted) = wanted(&first).await;
        first.inner.create_run(&caller, wanted, None).await.unwrap();
        closed(first).await;
        let again = server(folder.path()).await;
        let window = crate::http::page::Window { limit: 9, offset: 0 };
        let row = || again.repository().runs(caller.account, None, window).unwrap().1.remove(0);
        let kept = row().document.unwrap();
        // As if the process had ended before it was.
        let store = again.repository().store();
        store.write_host_tables(|host| host.execute("UPDATE server_run SET document = NULL", &[])).unwrap();
        assert_eq!(again.inner.document(caller.account, row()).await.unwrap(), kept);
        assert_eq!(row().document.as_deref(), Some(&*kept), "it is kept from then on");
        assert_eq!(counts(&again), (1, 1));
    }

    /// Programs that only have to do with runs keep accounts right, too.
    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_deletes_runs_with_the_tables_takes_them_from_their_accounts() {
        let folder = tempfile::tempdir().unwrap();
        let first = server(folder.path()).await;
        let (caller, wanted) = wanted(&first).await;
        let runs = [
            first.inner.create_run(&caller, wanted.clone(), None).await.unwrap(),
            first.inner.create_run(&caller, wanted, None).await.unwrap(),
        ];
        closed(first).await;
        let open = || SqliteOptions::new(folder.path().join("runs.flowrun"));
        let id = |run: &str| flowrun::FlowRun::from_json(run).unwrap().id().unwrap().parse().unwrap();
        open().host_tables(tables().optional()).open().unwrap().delete(id(&runs[0])).unwrap();
        let again = server(folder.path()).await;
        assert_eq!(counts(&again), (1, 2));
        assert_eq!(again.repository().store().verify().unwrap().problems, Vec::<String>::new());
        closed(again).await;

        // Whoever does it without them is made up for by the next opening.
        open().open().unwrap().delete(id(&runs[1])).unwrap();
        let again = server(folder.path()).await;
        assert_eq!(counts(&again), (0, 2));
        assert_eq!(again.repository().store().verify().unwrap().problems, Vec::<String>::new());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_that_was_done_once_more_without_the_tables_is_shown_as_it_ended_then() {
        let folder = tempfile::tempdir().unwrap();
        let first = server(folder.path()).await;
        let (caller, wanted) = wanted(&first).await;
        first.inner.create_run(&caller, wanted, None).await.unwrap();
        closed(first).await;
        let store = Arc::new(flowrun::SqliteStore::open_file(folder.path().join("runs.flowrun")).unwrap());
        let passes = |_: &flowrun::Task, _: &flowrun::Context| flowrun::Outcome::done();
        let engine =
            flowrun::Engine::builder().function("case", passes).store(Arc::clone(&store)).build().unwrap();
        let id = store.runs(&flowrun::RunFilter::default()).unwrap()[0].id;
        engine.rerun(id, flowrun::Rerun::Failed).await.unwrap().result().await.unwrap();
        engine.shutdown(Duration::from_secs(60)).await;
        drop((engine, store));

        let again = server(folder.path()).await;
        assert_eq!(again.repository().store().verify().unwrap().problems, Vec::<String>::new());
        let row = again.repository().run(caller.account, id).unwrap().unwrap();
        let document = again.inner.document(caller.account, row).await.unwrap();
        assert!(document.contains(r#""status":"passed""#), "{document}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_that_is_refused_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let server = server(folder.path()).await;
        let (caller, wanted) = wanted(&server).await;
        let id = flowrun::RunId::from_bytes([7; 16]);
        let flow = flowrun::Flow::builder().node(flowrun::NodeSpec::new("1", "case")).build().unwrap();
        let gone = crate::repo::Owner {
            account: caller.account,
            flow: crate::repo::FlowId::random(),
            site: wanted.site.id,
            title: "T".to_owned(),
            key: None,
        };
        let request = RunRequest::new(flow, flowrun::Site::new("https://example.com")).id(id).host_data(gone);
        let refused = server.inner.engine.start(request).await.unwrap_err();
        assert!(matches!(refused, flowrun::StartError::Store(flowrun::StoreError::Refused { .. })));
        assert_eq!(counts(&server), (0, 0));
        assert!(server.repository().store().stored(id).is_err());
        assert_eq!(server.repository().store().verify_replaying(&TaskTypes::documented()).unwrap().runs, 0);
    }

    /// What the look at accounts is good for: each kind of thing that does not fit is told.
    #[tokio::test(flavor = "multi_thread")]
    async fn rows_that_do_not_fit_together_are_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let server = server(folder.path()).await;
        let (caller, wanted) = wanted(&server).await;
        add(&server, &caller, &wanted).await;
        server.inner.create_run(&caller, wanted, None).await.unwrap();
        let id = server.repository().open_runs().unwrap();
        for (run, _) in id {
            server.inner.engine.run(run).unwrap().result().await.unwrap();
        }
        let store = server.repository().store();
        assert_eq!(store.verify().unwrap().problems, Vec::<String>::new());
        for (break_it, mend_it, says) in [
            (
                "UPDATE server_account SET runs = 2, flowruns = 2",
                "UPDATE server_account SET runs = 1, flowruns = 1",
                "number of runs",
            ),
            (
                "UPDATE server_account SET flowruns = 0",
                "UPDATE server_account SET flowruns = 1",
                "number of runs",
            ),
            ("UPDATE server_account SET sites = 5", "UPDATE server_account SET sites = 1", "number of sites"),
            (
                "UPDATE server_account SET flows = 0",
                "UPDATE server_account SET flows = 1",
                "number of sites or flows",
            ),
            (
                "UPDATE server_site SET runs = 0",
                "UPDATE server_site SET runs = 1",
                "sites with another number of runs",
            ),
            ("UPDATE server_site SET pages = 7", "UPDATE server_site SET pages = 1", "number of pages"),
            (
                "UPDATE server_run SET status = NULL",
                "UPDATE server_run SET status = 'failed'",
                "over in one list",
            ),
            (
                "UPDATE server_run SET flow = x'00'",
                "UPDATE server_run SET flow = (SELECT id FROM server_flow)",
                "without their flow",
            ),
            (
                "UPDATE server_run SET site = x'00'",
                "UPDATE server_run SET site = (SELECT id FROM server_site)",
                "without their site",
            ),
            (
                "UPDATE server_page SET site = x'00'",
                "UPDATE server_page SET site = (SELECT id FROM server_site)",
                "pages of no site",
            ),
            (
                "UPDATE server_token SET account = x'00'",
                "UPDATE server_token SET account = (SELECT id FROM server_account)",
                "tokens of no account",
            ),
            (
                "UPDATE server_flow SET account = x'00'",
                "UPDATE server_flow SET account = (SELECT id FROM server_account)",
                "flows of no account",
            ),
            (
                "UPDATE server_site SET account = x'00'",
                "UPDATE server_site SET account = (SELECT id FROM server_account)",
                "sites of no account",
            ),
        ] {
            let write =
                |sql: &'static str| store.write_host_tables(move |host| host.execute(sql, &[])).unwrap();
            write(break_it);
            let problems = store.verify().unwrap().problems;
            assert!(problems.iter().any(|problem| problem.contains(says)), "{break_it}: {problems:?}");
            write(mend_it);
            assert_eq!(store.verify().unwrap().problems, Vec::<String>::new(), "{mend_it}");
        }
    }
}
