//! The runs of an engine's store: lists, one by its id, deleting, and looking after the store as a whole.

use std::path::Path;
use std::sync::Arc;

use flowrun_core::{RunId, RunState};
use flowrun_store::{Retention, RunFilter, RunSummary, StoreError, StoreStats, Verified};

use crate::engine::Engine;
use crate::handle::RunHandle;
use crate::progress::{RunError, Snapshot};
use crate::recover::ResumeError;
use crate::slots::Share;

/// A run in a list of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedRun {
    /// What its store says.
    pub summary: RunSummary,
    /// How it stands: an open run that nobody drives here is [`RunState::Lost`].
    pub state: RunState,
}

/// A node that waits for the engine to let it start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotWait {
    /// The id of the node.
    pub node: String,
    /// The group that has as much at work as it may have; `None` where the engine has no more to give, or none to a key
    /// of the attempt.
    pub share: Option<Share>,
}

/// The engine let go of its store.
#[derive(Debug, thiserror::Error)]
#[error("the engine is shut down")]
struct ShutDown;

impl Engine {
    /// The stored runs that the filter lets through, the one created last first. Blocks for reading the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read, or the engine was shut down.
    ///
    /// ```
    /// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunFilter, RunRequest, RunState, Site};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
    /// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
    /// let mut runs = Vec::new();
    /// for _ in 0..3 {
    ///     let run = engine.start(RunRequest::new(flow.clone(), Site::new("https://example.com"))).await?;
    ///     run.wait().await?;
    ///     // The store in memory keeps what is over as long as somebody holds on to it.
    ///     runs.push(run);
    /// }
    /// let first = engine.runs(&RunFilter::default().limit(2))?;
    /// let rest = engine.runs(&RunFilter::default().after(&first[1].summary))?;
    /// assert_eq!((first.len(), rest.len(), rest[0].state), (2, 1, RunState::Passed));
    /// assert_eq!(engine.snapshot(rest[0].summary.id).await?.state, RunState::Passed);
    /// engine.delete(rest[0].summary.id)?;
    /// assert_eq!(engine.runs(&RunFilter::default())?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn runs(&self, which: &RunFilter) -> Result<Vec<ListedRun>, StoreError> {
        let listed = self.store()?.runs(which)?;
        let open = self.inner.open();
        let stands = |summary: &RunSummary| match open.runs.get(&summary.id) {
            Some(run) if !summary.status.is_over() => run.progress.state(),
            Some(_) => summary.status.into(),
            None if summary.status.is_over() => summary.status.into(),
            None => RunState::Lost,
        };
        Ok(listed.into_iter().map(|summary| ListedRun { state: stands(&summary), summary }).collect())
    }

    /// The handle of a run that is driven in this process; `None` when it is not. A route that cancels a run, or
    /// shows its events, needs no map of its own.
    #[must_use]
    pub fn run(&self, id: RunId) -> Option<RunHandle> {
        self.inner.open().runs.get(&id).cloned()
    }

    /// The nodes of a run that could start but for the limits of the engine, each with what it waits for. Empty for a run
    /// that is not driven here.
    #[must_use]
    pub fn waiting(&self, id: RunId) -> Vec<SlotWait> {
        let Some(run) = self.run(id) else { return Vec::new() };
        let wait = |(node, share)| SlotWait { node: run.plan().node(node).id().into_owned(), share };
        self.inner.slots.waiting(id).into_iter().map(wait).collect()
    }

    /// A run as it stands, whether it is driven here or lies in the store. Blocks for reading the store.
    ///
    /// # Errors
    ///
    /// [`ResumeError`] when there is no such run, or it cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn snapshot(&self, id: RunId) -> Result<Snapshot, ResumeError> {
        if let Some(run) = self.run(id) {
            match run.snapshot().await {
                Ok(snapshot) => return Ok(snapshot),
                Err(RunError::Store(error)) => return Err(error.into()),
                // Its driver is gone: what is stored says how it stands.
                Err(RunError::Parked | RunError::Lost) => {}
            }
        }
        let (stored, _journal) = self.store()?.open(id)?;
        let run = stored.replay(self.task_types())?;
        let snapshot = Snapshot::of(&run);
        let state = if run.is_over() { snapshot.state } else { RunState::Lost };
        Ok(Snapshot { state, ..snapshot })
    }

    /// Deletes a run that is over, whole or not at all. Its id stays taken. Blocks until that is on the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::StillOpen`] when the run is not over.
    pub fn delete(&self, id: RunId) -> Result<(), StoreError> {
        self.store()?.delete(id)
    }

    /// Deletes the runs that are over and not to be kept, and says how many. Blocks until that is on the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was deleted before stays deleted.
    ///
    /// ```
    /// use flowrun::{Engine, Flow, NodeSpec, Outcome, Retention, RunRequest, Site};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
    /// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
    /// let mut runs = Vec::new();
    /// for _ in 0..3 {
    ///     let run = engine.start(RunRequest::new(flow.clone(), Site::new("https://example.com"))).await?;
    ///     run.wait().await?;
    ///     runs.push(run);
    /// }
    /// assert_eq!(engine.retain(&Retention::default().count(1))?, 2);
    /// assert_eq!((engine.stats()?.runs, engine.stats()?.deleted), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        self.store()?.retain(keep, self.inner.clock.now())
    }

    /// Copies the store to a new file at `path`, as it is at this moment, while runs go on. Blocks for as long as that
    /// takes.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; there is no file then. [`StoreError::Unsupported`] when the store is one that cannot be copied.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), StoreError> {
        let store = self.store()?;
        store.maintenance().ok_or(StoreError::Unsupported("be backed up"))?.backup(path.as_ref())
    }

    /// Looks at everything that is stored, and replays each journal with the flow of its run. Blocks for as long as
    /// reading the whole store takes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read to its end. What is damaged is no error but one of the
    /// [`problems`](Verified::problems).
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let store = self.store()?;
        store.maintenance().ok_or(StoreError::Unsupported("be verified"))?.verify(self.task_types())
    }

    /// Figures of the store. Blocks for reading it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read; [`StoreError::Unsupported`] when it has no figures.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let store = self.store()?;
        store.maintenance().ok_or(StoreError::Unsupported("tell its figures"))?.stats()
    }

    fn store(&self) -> Result<crate::held::BorrowedStore<'_>, StoreError> {
        let shut_down = || StoreError::Unreadable { action: "use the store", source: Arc::new(ShutDown) };
        self.inner.store.borrow().ok_or_else(shut_down)
    }
}
