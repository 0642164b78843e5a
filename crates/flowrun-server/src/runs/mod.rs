//! Runs: created for an account, followed to their end, shown, deleted.
//!
//! A run is counted and noted down by the repository before the engine starts it, and its document once it is over. In
//! between its handle shows it. Whoever asks for a run looks in this order: among the live ones, in the repository, in
//! the store of runs; a run leaves the live ones only when its document is there.

mod create;
mod recover;

use std::sync::Arc;

use flowrun::{FlowRun, RunError, RunHandle, RunId, StoreError, TaskTypes, Timestamp};

use crate::http::json::Members;
use crate::http::refusal::Refusal;
use crate::repo::{AccountId, Over, RunRow};
use crate::server::Inner;

pub(crate) use create::Wanted;

impl Inner {
    /// The document of a run as it stands. One that is over is noted down before anybody is told, so that no list says
    /// otherwise afterwards.
    pub(crate) async fn document(&self, account: AccountId, row: RunRow) -> Result<String, Refusal> {
        if let Some(document) = row.document {
            return Ok(document);
        }
        let handle = self.live().get(&row.id).cloned();
        if let Some(handle) = handle
            && let Ok(run) = handle.snapshot().await
        {
            if run.status().is_over() {
                self.keep(account, row.id, &run).await;
            }
            return Ok(run.to_json().to_owned());
        }
        // Parked, or left untouched because it cannot go on here.
        let store = Arc::clone(&self.store);
        let stored = tokio::task::spawn_blocking(move || stored_document(&store, row.id)).await;
        stored.ok().flatten().map(|run| run.to_json().to_owned()).ok_or_else(|| {
            tracing::error!(run = %row.id, "a run cannot be shown");
            Refusal::unavailable("the run cannot be read now")
        })
    }

    /// Notes down the end of a run when it comes.
    pub(crate) fn follow(self: &Arc<Self>, account: AccountId, handle: RunHandle) {
        let inner = Arc::clone(self);
        self.live().insert(handle.id(), handle.clone());
        self.spawn(async move {
            match handle.result().await {
                Ok(run) => inner.keep(account, handle.id(), &run).await,
                // The next server goes on with it.
                Err(RunError::Parked) => {}
                Err(error) => tracing::error!(run = %handle.id(), %error, "a run was dropped"),
            }
        });
    }

    /// Keeps the document of a run that is over. If that fails its handle goes on showing it, and the next server
    /// makes up for it.
    async fn keep(&self, account: AccountId, id: RunId, run: &FlowRun) {
        let document = run.to_json().to_owned();
        let time = |name| {
            let text = Members::of(&document)?.get(name)?.trim_matches('"').to_owned();
            text.parse::<Timestamp>().ok()
        };
        let created = time("time_created").unwrap_or_default();
        let over = Over {
            status: run.status(),
            created,
            completed: time("time_completed").unwrap_or(created),
            document,
        };
        match self.repo.complete(account, id, over).await {
            Ok(()) => drop(self.live().remove(&id)),
            Err(error) => tracing::error!(run = %id, %error, "the end of a run was not noted down"),
        }
    }

    /// Deletes runs that the repository has forgotten from the store: those under way are cancelled first. Goes on
    /// without the caller.
    pub(crate) fn remove(self: &Arc<Self>, runs: Vec<RunId>) {
        for id in runs {
            let inner = Arc::clone(self);
            self.spawn(async move {
                let handle = inner.live().get(&id).cloned();
                if let Some(handle) = handle {
                    handle.cancel().await;
                    // Parked, it is cancelled by the next server.
                    if handle.wait().await.is_err() {
                        return;
                    }
                    inner.live().remove(&id);
                }
                let store = Arc::clone(&inner.store);
                let deleted = tokio::task::spawn_blocking(move || flowrun::Store::delete(&*store, id)).await;
                match deleted {
                    Ok(Ok(()) | Err(StoreError::NotFound(_))) => {
                        if let Err(error) = inner.repo.is_gone(id).await {
                            tracing::warn!(run = %id, %error, "a deleted run was not forgotten");
                        }
                    }
                    Ok(Err(error)) => tracing::warn!(run = %id, %error, "a run was not deleted"),
                    Err(_) => {}
                }
            });
        }
    }
}

/// A run that nobody drives, as its journal tells it.
fn stored_document(store: &flowrun::SqliteStore, id: RunId) -> Option<FlowRun> {
    let (stored, _journal) = flowrun::Store::open(store, id).ok()?;
    Some(stored.replay(&TaskTypes::documented()).ok()?.to_flow_run())
}

/// The document without what makes it long.
pub(crate) fn lean(document: &str) -> String {
    Members::of(document).map_or_else(|| document.to_owned(), |run| run.without(&["nodes", "edges", "logs"]))
}
