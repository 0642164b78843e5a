//! The engine: executors, a store, and the runs they do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowrun_core::{
    Event, Flow, Plan, Run, RunId, RunPolicy, RunSpec, SecretSource, TaskTypes, secret_and_key_names,
};
use flowrun_store::{NewRun, Store};
use tokio::sync::mpsc;

use crate::builder::EngineBuilder;
use crate::checked::CheckedPlans;
use crate::clock::Clock;
use crate::driver::Request;
use crate::executor::TaskExecutor;
use crate::failpoint::failpoint;
use crate::handle::{Progress, RunHandle};
use crate::launch::Ready;
use crate::request::{RunRequest, StartError, What};
use crate::slots::Slots;

/// Runs flows. Cloning gives another handle to the same engine.
///
/// The engine brings no runtime: runs are driven on the tokio runtime that [`start`](Self::start) is called
/// in, one task a run. A run that outlives its process is taken up again by [`recover`](Self::recover) or
/// [`resume`](Self::resume).
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) executors: Vec<Arc<dyn TaskExecutor>>,
    /// The place of each task type's executor.
    pub(crate) by_type: BTreeMap<String, u16>,
    pub(crate) types: TaskTypes,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: RunPolicy,
    pub(crate) grace: Duration,
    pub(crate) slots: Arc<Slots>,
    pub(crate) open: Mutex<OpenRuns>,
    pub(crate) checked: CheckedPlans,
}

/// The runs that have a driver.
#[derive(Default)]
pub(crate) struct OpenRuns {
    pub(crate) is_shut_down: bool,
    pub(crate) runs: BTreeMap<RunId, (mpsc::Sender<Request>, Arc<Progress>)>,
}

impl Engine {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Starts an engine that can do nothing yet: add executors.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The task types this engine can do.
    #[must_use]
    pub fn task_types(&self) -> &TaskTypes {
        &self.inner.types
    }

    /// Whether runs are lost when the process ends.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        self.inner.store.is_volatile()
    }

    /// Checks a flow: its graph, and with each node's executor whether what it needs is there.
    ///
    /// # Errors
    ///
    /// [`StartError::Refused`] with every problem.
    pub fn plan(&self, flow: &Flow) -> Result<Arc<Plan>, StartError> {
        self.inner.plan(flow).map_err(StartError::Refused)
    }

    /// Starts a run on the current tokio runtime, and returns once its beginning is stored: from then on it
    /// survives the process, as far as the store does. It goes on by itself; the handle watches it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing has run then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not have been started; if so, it goes on.
    pub async fn start(&self, request: RunRequest) -> Result<RunHandle, StartError> {
        let inner = &self.inner;
        let plan = match request.what {
            What::Flow(flow) => inner.plan(&flow).map_err(StartError::Refused)?,
            What::Plan(plan) => plan,
        };
        let executors = inner.node_executors(&plan).map_err(StartError::Refused)?;
        let id = request.id.unwrap_or_else(|| RunId::from_bytes(uuid::Uuid::new_v4().into_bytes()));
        let mut spec = RunSpec::new(id, inner.clock.now(), request.site);
        spec.configs = request.configs;
        spec.policy = request.policy.unwrap_or_else(|| inner.policy.clone()).slots(inner.slots.are_limited());
        let new = NewRun::new(spec.clone(), plan.flow().shared_json());
        let journal = inner.store.create(new.secrets(inner.secrets_of(plan.flow())))?;
        failpoint!("c0");
        let run = Run::new(plan, spec);
        let launched = inner.launch(Ready { run, journal, executors, first: Event::Started })?;
        let handle = launched.stored().await?;
        failpoint!("c1");
        Ok(handle)
    }

    /// Takes no more runs, and waits for the open ones. What has not ended within `grace` is left as it is:
    /// its executors are told to stop and dropped, and [`RunHandle::finished`] gives
    /// [`RunError::Parked`](crate::RunError::Parked).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the engine stays shut down and the runs end or park all the
    /// same.
    pub async fn shutdown(&self, grace: Duration) {
        let runs = {
            let mut open = self.inner.open();
            open.is_shut_down = true;
            open.runs.values().cloned().collect::<Vec<_>>()
        };
        for (requests, _) in &runs {
            // A driver that is gone needs no telling.
            let _ = requests.send(Request::Park(grace)).await;
        }
        for (_, progress) in &runs {
            progress.finished().await;
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.inner.types.names().collect::<Vec<_>>();
        f.debug_struct("Engine").field("task_types", &types).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn open(&self) -> MutexGuard<'_, OpenRuns> {
        // A panic elsewhere does not leave the list half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the secrets that the flow mentions.
    fn secrets_of(&self, flow: &Flow) -> Vec<String> {
        let mut names = self.secrets.names();
        if !names.is_empty() {
            let mentioned: BTreeSet<_> = secret_and_key_names(flow.to_json()).collect();
            names.retain(|name| mentioned.contains(name.as_str()));
        }
        names
    }
}
