//! What passes between a driver and those outside: how far it is, and what is asked of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowrun_core::{FlowRun, Run};
use flowrun_store::StoreError;
use tokio::sync::oneshot;

use crate::signal::Signal;

/// How far a driver is, for those who watch it.
#[derive(Default)]
pub(crate) struct Progress {
    changed: Signal,
    /// How often something was committed and told.
    told: AtomicU64,
    ended: Signal,
    at_rest: AtomicBool,
    end: OnceLock<Result<Arc<Run>, RunError>>,
}

impl Progress {
    /// Something was committed.
    pub(crate) fn committed(&self) {
        self.told.fetch_add(1, Ordering::Release);
        self.changed.raise();
    }

    /// How often something was committed and told.
    pub(crate) fn told(&self) -> u64 {
        self.told.load(Ordering::Acquire)
    }

    /// The run came to rest, or goes on.
    pub(crate) fn rest(&self, at_rest: bool) {
        self.at_rest.store(at_rest, Ordering::Release);
        self.changed.raise();
    }

    /// The driver is done with the run.
    pub(crate) fn finish(&self, end: Result<Run, RunError>) {
        // Set once, by the only driver.
        let _ = self.end.set(end.map(Arc::new));
        self.ended.raise();
        self.changed.raise();
    }

    /// How the driver was done with the run; `None` while it drives it.
    pub(crate) fn end(&self) -> Option<&Result<Arc<Run>, RunError>> {
        self.end.get()
    }

    /// Whether the run goes on only when a person asks for it.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.at_rest.load(Ordering::Acquire)
    }

    /// Looks after each change until there is something to see.
    pub(crate) async fn until<T>(&self, look: impl FnMut() -> Option<T>) -> T {
        self.changed.until(look).await
    }

    /// Waits until the driver is done.
    pub(crate) async fn finished(&self) -> &Result<Arc<Run>, RunError> {
        self.ended.until(|| self.end.get()).await
    }
}

/// What a handle or the engine asks of a driver.
pub(crate) enum Request {
    /// Cancel the run.
    Cancel,
    /// Start nothing new.
    Pause(oneshot::Sender<()>),
    /// Go on after a pause.
    Resume(oneshot::Sender<()>),
    /// Give the run as it stands.
    Snapshot(oneshot::Sender<FlowRun>),
    /// End within this time, or leave the run as it is.
    Park(Duration),
}

/// Why a run has no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// What was decided could not be written down. The journal is the truth: the run in memory was dropped.
    #[error("could not write the run's journal")]
    Store(#[from] StoreError),
    /// The engine was shut down before the run ended.
    #[error("the run was left open: the engine was shut down")]
    Parked,
    /// The runtime was shut down, or the driver panicked.
    #[error("the run lost its driver")]
    Lost,
}
