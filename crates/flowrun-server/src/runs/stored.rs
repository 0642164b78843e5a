//! Runs as their journals tell them, whoever drives them.

use std::sync::Arc;

use flowrun::{Explainer, Plan, Run, RunId, SqliteStore, StoreError, StoredRun, StoredRunError};

use crate::http::refusal::Refusal;
use crate::server::Inner;

/// Reads something of a run on a thread that may wait for the disk.
pub(crate) async fn in_store<T: Send + 'static>(
    server: &Inner,
    run: RunId,
    read: impl FnOnce(&SqliteStore) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let store = Arc::clone(server.repo.store());
    let read = tokio::task::spawn_blocking(move || read(&store)).await;
    let read = read.map_err(|error| unreadable(run, &error))?;
    read.map_err(|error| match error {
        // Deleted since it was looked up.
        StoreError::NotFound(_) => Refusal::missing("flowrun"),
        error => unreadable(run, &error),
    })
}

/// What is in the way is logged, not told.
fn unreadable(run: RunId, error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%run, %error, "a run cannot be read");
    Refusal::unavailable("the run cannot be read now")
}

impl Inner {
    /// The plan of a run.
    pub(crate) async fn plan_of(&self, run: RunId) -> Result<Arc<Plan>, Refusal> {
        if let Some(driven) = self.engine.run(run) {
            return Ok(Arc::clone(driven.plan()));
        }
        let types = self.engine.task_types().clone();
        let stored = in_store(self, run, move |store| store.stored(run)).await?;
        stored.new.plan(&types).map(Arc::new).map_err(|error| unreadable(run, &error))
    }

    /// Explains a run as it was after a record, or after the last one.
    pub(crate) async fn explainer(&self, run: RunId, at: Option<u64>) -> Result<Explainer, Refusal> {
        let stored = self.stored_until(run, at).await?;
        let types = self.engine.task_types().clone();
        let explained = tokio::task::spawn_blocking(move || {
            let plan = Arc::new(stored.new.plan(&types)?);
            let mut explainer = Explainer::new(plan, stored.new.spec.clone());
            for line in &stored.lines {
                explainer.note(line.at, &line.record)?;
            }
            Ok::<_, StoredRunError>(explainer)
        });
        explained.await.map_err(|error| unreadable(run, &error))?.map_err(|error| unreadable(run, &error))
    }

    /// A run as it was after a record.
    pub(crate) async fn run_at(&self, run: RunId, at: u64) -> Result<Run, Refusal> {
        let stored = self.stored_until(run, Some(at)).await?;
        let types = self.engine.task_types().clone();
        let replayed = tokio::task::spawn_blocking(move || stored.replay(&types)).await;
        replayed.map_err(|error| unreadable(run, &error))?.map_err(|error| unreadable(run, &error))
    }

    async fn stored_until(&self, run: RunId, at: Option<u64>) -> Result<StoredRun, Refusal> {
        let mut stored = in_store(self, run, move |store| store.stored(run)).await?;
        let Some(at) = at else { return Ok(stored) };
        let last = stored.lines.len() as u64;
        if at > last {
            return Err(Refusal::bad(format!("the run has no record {at}: the last one is {last}")));
        }
        stored.lines.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(stored)
    }
}
