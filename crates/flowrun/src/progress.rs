//! What passes between a driver and those outside: how far it is, and what is asked of it.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowrun_core::{FlowRun, Run, RunState};
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
    /// How the run stood when that was told last, as [`code`] writes it.
    state: AtomicU8,
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

    /// The run stands otherwise than it was told last.
    pub(crate) fn stands(&self, state: RunState) {
        self.state.store(code(state), Ordering::Release);
        self.changed.raise();
    }

    /// How the run stands.
    pub(crate) fn state(&self) -> RunState {
        match self.end() {
            Some(Ok(run)) => run.state(),
            Some(Err(_)) => RunState::Lost,
            None => OPEN[usize::from(self.state.load(Ordering::Acquire))],
        }
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

    /// Looks after each change until there is something to see.
    pub(crate) async fn until<T>(&self, look: impl FnMut() -> Option<T>) -> T {
        self.changed.until(look).await
    }

    /// Waits until the driver is done.
    pub(crate) async fn wait_for_end(&self) -> &Result<Arc<Run>, RunError> {
        self.ended.until(|| self.end.get()).await
    }
}

/// How an open run can stand.
const OPEN: [RunState; 5] = [
    RunState::Working,
    RunState::Paused { at_rest: false },
    RunState::Paused { at_rest: true },
    RunState::AwaitingPerson { at_rest: false },
    RunState::AwaitingPerson { at_rest: true },
];

/// The place of a state in [`OPEN`]. One that is not there is told by the end of the run.
fn code(state: RunState) -> u8 {
    OPEN.iter().position(|open| *open == state).unwrap_or(0) as u8
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
    Snapshot(oneshot::Sender<Snapshot>),
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

/// A run as it stood at one moment: the document, and how it stands in more words than the wire has.
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, RunState, Site};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// run.wait().await?;
/// let snapshot = run.snapshot().await?;
/// assert_eq!((snapshot.state, snapshot.nodes().len()), (RunState::Passed, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The run as the wire shows it.
    pub run: FlowRun,
    /// How it stands.
    pub state: RunState,
}

impl Snapshot {
    pub(crate) fn of(run: &Run) -> Self {
        Self { run: run.to_flow_run(), state: run.state() }
    }
}

/// A snapshot is the run, with a word more.
impl std::ops::Deref for Snapshot {
    type Target = FlowRun;

    fn deref(&self) -> &FlowRun {
        &self.run
    }
}
