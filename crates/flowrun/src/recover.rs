//! Taking up runs that another process left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun_core::{Event, PlanError, ReadError, RejectedError, ReplayError, Rerun, RunId};
use flowrun_store::{NewRun, Opened, RunFilter, Store, StoreError, StoredRunError};

use crate::engine::Engine;
use crate::executor::NodeExecutors;
use crate::failpoint::failpoint;
use crate::handle::RunHandle;
use crate::inner::Inner;
use crate::launch::{NotLaunched, Ready};

/// Runs that are read before other tasks of the runtime have their turn.
const RUNS_PER_TURN: usize = 64;

/// What came of the runs that were open.
///
/// ```
/// use flowrun::{Engine, Outcome};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let recovered = engine.recover().await?;
/// for left in &recovered.untouched {
///     eprintln!("run {} cannot go on: {}", left.run, left.reason);
/// }
/// assert!(recovered.resumed.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// Runs that go on.
    pub resumed: Vec<RunHandle>,
    /// Runs that cannot go on here. Nothing of them was changed.
    pub untouched: Vec<Untouched>,
}

/// A run that cannot go on here.
#[derive(Debug)]
#[non_exhaustive]
pub struct Untouched {
    /// The run.
    pub run: RunId,
    /// What is in the way.
    pub reason: ResumeError,
}

/// Why a stored run cannot go on. It was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The store could not be read or written, or has no such run.
    #[error("could not open the run")]
    Store(#[from] StoreError),
    /// Secrets that the run was started with are not given now.
    #[error("secrets of the run are not given: `{}`", .0.join("`, `"))]
    MissingSecrets(Vec<String>),
    /// An executor or a setting that the flow needs is not given now, or the flow is refused otherwise.
    #[error(transparent)]
    Refused(#[from] PlanError),
    /// The stored flow cannot be read.
    #[error("the flow of the run cannot be read")]
    Flow(#[from] ReadError),
    /// The stored journal does not fit the flow.
    #[error("the journal of the run cannot be followed")]
    Journal(#[from] ReplayError),
    /// The run cannot go on in this way.
    #[error(transparent)]
    Rejected(#[from] RejectedError),
    /// There is no tokio runtime here to drive the run.
    #[error("there is no tokio runtime to drive the run")]
    NoRuntime,
    /// The engine takes no more runs.
    #[error("the engine is shut down")]
    ShutDown,
    /// Where secrets come from has panicked. Without them nothing can be taken out of what is recorded.
    #[error("the secrets could not be read: their source panicked: {0}")]
    Secrets(String),
    /// The runtime was shut down, or the driver panicked, before the run went on.
    #[error("the run lost its driver")]
    Lost,
}

impl From<NotLaunched> for ResumeError {
    fn from(why: NotLaunched) -> Self {
        match why {
            NotLaunched::NoRuntime => Self::NoRuntime,
            NotLaunched::ShutDown => Self::ShutDown,
            NotLaunched::Secrets(message) => Self::Secrets(message),
            NotLaunched::Store(error) => Self::Store(error),
            NotLaunched::Lost => Self::Lost,
        }
    }
}

impl From<StoredRunError> for ResumeError {
    fn from(why: StoredRunError) -> Self {
        match why {
            StoredRunError::Flow(error) => Self::Flow(error),
            StoredRunError::Refused(problems) => Self::Refused(problems),
            StoredRunError::Journal(error) => Self::Journal(error),
        }
    }
}

impl Engine {
    /// Takes up every open run of the store: what was at work has died with its process, what waited waits on.
    /// Returns once all of this is stored. A run that needs a secret, a setting or an executor which is not given
    /// now is left untouched and named.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the open runs cannot be listed.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, some runs may have been taken up; they go on. Call it again for the rest.
    ///
    /// # Complexity
    ///
    /// Reads the journal of every open run. Runs of the same flow share its plan.
    pub async fn recover(&self) -> Result<Recovered, StoreError> {
        let store = self.inner.store.borrow().ok_or_else(|| StoreError::Unreadable {
            action: "list the runs",
            source: Arc::new(ResumeError::ShutDown),
        })?;
        let mut plans = Plans::default();
        let (mut launched, mut untouched) = (Vec::new(), Vec::new());
        let listed = store.runs(&RunFilter::default().open())?;
        let left: Vec<_> = {
            let open = self.inner.open();
            listed.iter().map(|run| run.id).filter(|run| !open.runs.contains_key(run)).collect()
        };
        for runs in left.chunks(RUNS_PER_TURN) {
            for (run, opened) in runs.iter().copied().zip(store.open_many(runs)) {
                failpoint!("c10");
                let first = taken_over(&*store);
                let ready = opened
                    .map_err(ResumeError::Store)
                    .and_then(|opened| self.inner.ready(opened, first, &mut plans));
                match ready.and_then(|ready| Ok(self.inner.launch(store.id(), ready)?)) {
                    Ok(driven) => launched.push((run, driven)),
                    Err(reason) => untouched.push(Untouched { run, reason }),
                }
            }
            tokio::task::yield_now().await;
        }
        drop(store);
        // Only now, so that what they decide first is written together.
        let mut resumed = Vec::with_capacity(launched.len());
        for (run, driven) in launched {
            match driven.stored().await {
                Ok(handle) => resumed.push(handle),
                Err(why) => untouched.push(Untouched { run, reason: why.into() }),
            }
        }
        Ok(Recovered { resumed, untouched })
    }

    /// Takes up one open run, as [`recover`](Self::recover) does with all of them.
    ///
    /// # Errors
    ///
    /// [`ResumeError`]; the run is left as it is then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not have been taken up; if so, it goes on.
    pub async fn resume(&self, run: RunId) -> Result<RunHandle, ResumeError> {
        let launched = {
            let store = self.inner.store.borrow().ok_or(ResumeError::ShutDown)?;
            failpoint!("c10");
            let first = taken_over(&*store);
            let ready = self.inner.ready(store.open(run)?, first, &mut Plans::default())?;
            self.inner.launch(store.id(), ready)?
        };
        Ok(launched.stored().await?)
    }

    /// Opens a run that is over once more, for the nodes that failed or from one node on. Earlier attempts stay
    /// in its journal; the nodes get a new visit, and with it new idempotency keys.
    ///
    /// # Errors
    ///
    /// [`ResumeError`]; the run stays as it is then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not have been opened again; if so, it goes on.
    pub async fn rerun(&self, run: RunId, what: Rerun) -> Result<RunHandle, ResumeError> {
        let launched = {
            let store = self.inner.store.borrow().ok_or(ResumeError::ShutDown)?;
            let first = Event::RerunRequested(what);
            let ready = self.inner.ready(store.open(run)?, first, &mut Plans::default())?;
            self.inner.launch(store.id(), ready)?
        };
        Ok(launched.stored().await?)
    }
}

/// Plans that were made already, by the text of their flow.
#[derive(Default)]
struct Plans(BTreeMap<Arc<str>, NodeExecutors>);

impl Inner {
    /// Sees whether a stored run can go on with this event.
    fn ready(
        &self,
        (stored, journal): Opened,
        first: Event,
        plans: &mut Plans,
    ) -> Result<Ready, ResumeError> {
        let given = self.executors.secret_names().map_err(ResumeError::Secrets)?;
        let missing: Vec<String> =
            stored.new.secrets.iter().filter(|name| !given.contains(name)).cloned().collect();
        if !missing.is_empty() {
            return Err(ResumeError::MissingSecrets(missing));
        }
        let executors = self.executors_of(&stored.new, plans)?;
        let mut spec = stored.new.spec.clone();
        spec.policy = spec.policy.slots(self.slots.are_limited());
        let run = stored.replay_with(Arc::clone(&executors.plan), spec)?;
        run.admits(&first)?;
        Ok(Ready { run, journal, executors, first })
    }

    fn executors_of(&self, new: &NewRun, plans: &mut Plans) -> Result<NodeExecutors, ResumeError> {
        if let Some(known) = plans.0.get(&new.flow) {
            return Ok(known.clone());
        }
        let plan = Arc::new(new.plan(self.executors.task_types())?);
        let executors = self.executors_for(&plan, new.spec.semantics)?;
        plans.0.insert(Arc::clone(&new.flow), executors.clone());
        Ok(executors)
    }
}

/// The first event of a run that somebody else had before.
fn taken_over(store: &dyn Store) -> Event {
    let epoch = store.epoch();
    if store.was_closed() { Event::TakenOver { epoch } } else { Event::Recovered { epoch } }
}
