//! Runs: created for an account, followed to their end, shown, deleted.
//!
//! The row of a run stands and falls with its journal, in the same transactions. Whoever asks for a run looks in this
//! order: whether its document is kept, whether the engine drives it, in its journal. A document is kept once its run
//! is over; a crash before that costs nothing but making it of the journal when somebody asks.

mod artefacts;
mod board;
mod create;
mod feed;
#[cfg(test)]
mod power;
mod recover;
mod retention;
mod shares;
mod stored;

use std::sync::Arc;

use flowrun::{FlowRun, RunError, RunHandle, RunId, RunState, StoreError, TaskTypes, Timestamp};

use crate::http::json::Members;
use crate::http::refusal::Refusal;
use crate::repo::{AccountId, RunRow};
use crate::server::Inner;

pub(crate) use board::{Board, Change};
pub(crate) use create::Wanted;
pub(crate) use feed::Feed;
pub(crate) use shares::{Owned, Shares};
pub(crate) use stored::in_store;

impl Inner {
    /// The document of a run as it stands.
    pub(crate) async fn document(&self, account: AccountId, row: RunRow) -> Result<String, Refusal> {
        if let Some(document) = row.document {
            return Ok(document);
        }
        if let Some(handle) = self.engine.run(row.id)
            && let Ok(run) = handle.snapshot().await
        {
            return Ok(shares::with_waits(&self.engine, row.id, run.to_json()));
        }
        // It has just ended, is parked, or is left untouched because it cannot go on here.
        let store = Arc::clone(self.repo.store());
        let stored = tokio::task::spawn_blocking(move || stored_document(&store, row.id)).await;
        let run = stored.ok().flatten().ok_or_else(|| {
            tracing::error!(run = %row.id, "a run cannot be shown");
            Refusal::unavailable("the run cannot be read now")
        })?;
        self.keep(account, row.id, &run).await;
        Ok(run.to_json().to_owned())
    }

    /// Tells how a run stands, and keeps its document when it ends.
    pub(crate) fn follow(self: &Arc<Self>, account: AccountId, handle: RunHandle, owned: Owned) {
        let inner = Arc::clone(self);
        self.spawn(async move {
            let _owned = owned;
            let mut state = handle.state();
            inner.tell(account, Change::of(handle.id(), state));
            while !state.is_over() && state != RunState::Lost {
                state = handle.wait_for_change(state).await;
                inner.tell(account, Change::of(handle.id(), state));
            }
            match handle.result().await {
                Ok(run) => inner.keep(account, handle.id(), &run).await,
                // The next server goes on with it.
                Err(RunError::Parked) => {}
                Err(error) => tracing::error!(run = %handle.id(), %error, "a run was dropped"),
            }
        });
    }

    /// Keeps the document of a run, if it is over. If that fails it is made of the journal when somebody asks.
    async fn keep(&self, account: AccountId, id: RunId, run: &FlowRun) {
        if !run.status().is_over() {
            return;
        }
        let document = run.to_json().to_owned();
        let completed = Members::of(&document)
            .and_then(|members| members.get("time_completed")?.trim_matches('"').parse::<Timestamp>().ok());
        let Some(completed) = completed else { return };
        if let Err(error) = self.repo.keep_document(account, id, completed, document).await {
            tracing::warn!(run = %id, %error, "the document of a run was not kept");
        }
    }

    /// Deletes runs that the repository has forgotten from the store: those under way are cancelled first. Goes on
    /// without the caller.
    pub(crate) fn remove(self: &Arc<Self>, runs: Vec<RunId>) {
        for id in runs {
            let inner = Arc::clone(self);
            self.spawn(async move {
                if let Some(handle) = inner.engine.run(id) {
                    handle.cancel().await;
                    // Parked, it is cancelled by the next server.
                    if handle.wait().await.is_err() {
                        return;
                    }
                }
                let store = Arc::clone(inner.repo.store());
                let deleted = tokio::task::spawn_blocking(move || flowrun::Store::delete(&*store, id)).await;
                if matches!(deleted, Ok(Ok(()) | Err(StoreError::NotFound(_)))) {
                    inner.forget_artefacts(id).await;
                }
                match deleted {
                    Ok(Ok(())) | Err(_) => {}
                    Ok(Err(StoreError::NotFound(_))) => {
                        if let Err(error) = inner.repo.is_gone(id).await {
                            tracing::warn!(run = %id, %error, "a deleted run was not forgotten");
                        }
                    }
                    Ok(Err(error)) => tracing::warn!(run = %id, %error, "a run was not deleted"),
                }
            });
        }
    }
}

/// A run that nobody drives, as its journal tells it.
fn stored_document(store: &flowrun::SqliteStore, id: RunId) -> Option<FlowRun> {
    Some(store.stored(id).ok()?.replay(&TaskTypes::documented()).ok()?.to_flow_run())
}

/// The document without what makes it long.
pub(crate) fn lean(document: &str) -> String {
    Members::of(document).map_or_else(|| document.to_owned(), |run| run.without(&["nodes", "edges", "logs"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::{Caller, Made};
    use crate::{NewAccount, Scope, Server};

    /// What a run needs, and somebody who may have it. Nobody here does its task: it fails with a line.
    pub(super) async fn wanted(server: &Server) -> (Caller, Wanted) {
        let repo = server.repository();
        let account = repo.create_account(NewAccount::new("a")).await.unwrap().unwrap();
        let token = repo.create_token(account.id, Scope::Write, None).await.unwrap();
        let caller = repo.caller(&token.secret).unwrap().unwrap();
        let nodes = r#"[{"id":"1","data":{"id":"1","task_type":"case"}}]"#;
        let drawn = ("T".to_owned(), nodes.to_owned(), "[]".to_owned());
        let flow = repo.create_flow(account.id, "a".to_owned(), drawn).await.unwrap();
        let url = "https://example.com".to_owned();
        let Made::Done(site) = repo.create_site(account.id, url, None, Vec::new()).await.unwrap() else {
            panic!("a site")
        };
        (caller, Wanted { flow, site, configs: None, key: None })
    }

    /// Gives the site a page.
    pub(super) async fn add(server: &Server, caller: &Caller, wanted: &Wanted) {
        let urls = vec!["https://example.com/a".to_owned()];
        let made =
            server.repository().create_pages(caller.account, wanted.site.id, urls, None).await.unwrap();
        assert!(matches!(made.as_deref(), Some([Made::Done(_)])), "{made:?}");
    }
}
