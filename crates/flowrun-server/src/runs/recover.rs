//! What an earlier server has left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun::{RunId, Store as _, StoreError, TaskTypes};

use crate::repo::AccountId;
use crate::server::{Inner, ServerError};

impl Inner {
    /// Goes on with open runs, and brings the repository and the store of runs to say the same: they are two files,
    /// and the process may have ended between two writes.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), ServerError> {
        let owners: BTreeMap<RunId, AccountId> =
            self.repo.open_runs()?.into_iter().map(|(account, run)| (run, account)).collect();
        let doomed = self.repo.doomed_runs()?;
        let recovered = self.engine.recover().await?;
        for left in &recovered.untouched {
            tracing::warn!(run = %left.run, reason = %left.reason, "a run cannot go on here and is left as it is");
        }
        for handle in recovered.resumed {
            let id = handle.id();
            match owners.get(&id) {
                Some(account) => self.follow(*account, handle),
                // Of no account: deleted, or made by the command line. Kept, so that it can be cancelled.
                None => drop(self.live().insert(id, handle)),
            }
        }
        for (run, account) in owners {
            if !self.live().contains_key(&run) {
                self.settle(account, run).await?;
            }
        }
        self.remove(doomed);
        Ok(())
    }

    /// A run without a document that is not under way: it is over, it was never started, or it cannot go on here.
    async fn settle(&self, account: AccountId, id: RunId) -> Result<(), ServerError> {
        match self.store.open(id) {
            Ok((stored, _journal)) => match stored.replay(&TaskTypes::documented()) {
                Ok(run) if run.is_over() => self.keep(account, id, &run.to_flow_run()).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(run = %id, %error, "a run cannot be read"),
            },
            // Its creation was never acknowledged.
            Err(StoreError::NotFound(_)) => self.repo.give_back(account, id).await?,
            Err(error) => tracing::warn!(run = %id, %error, "a run cannot be read"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use rusqlite::Connection;

    use super::*;
    use crate::repo::{Caller, NewRow, Reserved};
    use crate::runs::Wanted;
    use crate::{NewAccount, Scope, Server};

    async fn server(folder: &Path) -> Server {
        Server::builder(folder.join("runs.flowrun")).open().await.unwrap()
    }

    /// What a run needs, and somebody who may have it.
    async fn wanted(server: &Server) -> (Caller, Wanted) {
        let repo = server.repository();
        let account = repo.create_account(NewAccount::new("a")).await.unwrap().unwrap();
        let token = repo.create_token(account.id, Scope::Write, None).await.unwrap();
        let caller = repo.caller(&token.secret).unwrap().unwrap();
        let nodes = r#"[{"id":"1","data":{"id":"1","task_type":"case"}}]"#;
        let drawn = ("T".to_owned(), nodes.to_owned(), "[]".to_owned());
        let flow = repo.create_flow(account.id, "a".to_owned(), drawn).await.unwrap();
        let url = "https://example.com".to_owned();
        let crate::repo::Made::Done(site) =
            repo.create_site(account.id, url, None, Vec::new()).await.unwrap()
        else {
            panic!("a site")
        };
        (caller, Wanted { flow, site, configs: None })
    }

    fn counts(server: &Server) -> (u64, u64) {
        let account = server.repository().account_named("a").unwrap().unwrap();
        (account.runs, account.flowruns)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_that_was_reserved_and_never_started_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let first = server(folder.path()).await;
        let (caller, wanted) = wanted(&first).await;
        let row = NewRow {
            id: RunId::from_bytes([7; 16]),
            flow: wanted.flow.id,
            site: wanted.site.id,
            title: "T".to_owned(),
        };
        // The process ends here: between the reservation and the start.
        assert_eq!(first.repository().reserve(caller.account, row).await.unwrap(), Reserved::Done);
        assert_eq!(counts(&first), (1, 1));
        first.shutdown(Duration::ZERO).await;
        drop(first);
        assert_eq!(counts(&server(folder.path()).await), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_whose_end_was_not_noted_down_is_read_from_its_journal() {
        let folder = tempfile::tempdir().unwrap();
        let first = server(folder.path()).await;
        let (caller, wanted) = wanted(&first).await;
        first.inner.create_run(&caller, wanted).await.unwrap();
        first.shutdown(Duration::from_secs(60)).await;
        drop(first);
        // As if the process had ended before it was.
        let file = Connection::open(folder.path().join("runs.flowrun-accounts")).unwrap();
        let document: String = file.query_row("SELECT document FROM run", [], |row| row.get(0)).unwrap();
        file.execute("UPDATE run SET document = NULL, status = NULL, completed = NULL", []).unwrap();
        drop(file);
        let again = server(folder.path()).await;
        let runs =
            again.repository().runs(caller.account, None, crate::http::page::Window { limit: 9, offset: 0 });
        assert_eq!(runs.unwrap().1[0].document.as_deref(), Some(&*document));
        assert_eq!(counts(&again), (1, 1));
    }
}
