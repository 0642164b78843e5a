//! The engine: executors, a store, and the runs they do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowrun_core::{
    Event, Flow, Plan, RenderOptions, Run, RunId, RunPolicy, RunSpec, SecretSource, TaskTypes,
    secret_and_key_names,
};
use flowrun_store::NewRun;
use futures::future::join_all;
use tokio::sync::mpsc;

use crate::builder::EngineBuilder;
use crate::checked::CheckedPlans;
use crate::clock::Clock;
use crate::contain;
use crate::driver::Request;
use crate::executor::Executors;
use crate::failpoint::failpoint;
use crate::handle::{Progress, RunHandle};
use crate::held::HeldStore;
use crate::launch::Ready;
use crate::request::{RunRequest, StartError, What};
use crate::signal::Signal;
use crate::slots::Slots;
use crate::stops::Stops;

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
    pub(crate) executors: Executors,
    /// The place of each task type's executor.
    pub(crate) by_type: BTreeMap<String, u16>,
    pub(crate) types: TaskTypes,
    pub(crate) store: HeldStore,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) rendering: RenderOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: RunPolicy,
    pub(crate) grace: Duration,
    pub(crate) slots: Arc<Slots>,
    pub(crate) open: Mutex<OpenRuns>,
    /// A run has left its driver.
    pub(crate) changed: Signal,
    pub(crate) checked: CheckedPlans,
}

/// The runs that have a driver.
#[derive(Default)]
pub(crate) struct OpenRuns {
    pub(crate) is_shut_down: bool,
    pub(crate) runs: BTreeMap<RunId, OpenRun>,
}

/// A run that has a driver, as the engine knows it.
#[derive(Clone)]
pub(crate) struct OpenRun {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) stops: Arc<Stops>,
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
        let new = match request.host_data {
            Some(data) => new.with_shared_host_data(data),
            None => new,
        };
        let launched = {
            let store = inner.store.borrow().ok_or(StartError::ShutDown)?;
            let secrets = inner.secrets_of(plan.flow()).map_err(StartError::Secrets)?;
            let journal = store.create(new.secrets(secrets))?;
            failpoint!("c0");
            let run = Run::new(plan, spec);
            inner.launch(store.id(), Ready { run, journal, executors, first: Event::Started })?
        };
        let handle = launched.stored().await?;
        failpoint!("c1");
        Ok(handle)
    }

    /// Takes no more runs, and waits for the open ones. What has not ended within `grace` is left as it is:
    /// its executors are told to stop and dropped, and [`RunHandle::finished`] gives
    /// [`RunError::Parked`](crate::RunError::Parked).
    ///
    /// When it returns, nothing of the engine holds the store: the file of an `SqliteStore` can be opened anew. With one
    /// exception: an executor that computes on the thread of its driver without ever awaiting anything, and does not
    /// look at [`Context::is_cancelled`](crate::Context::is_cancelled), cannot be dropped. It is waited for as long as
    /// [`EngineBuilder::grace`] gives it beyond `grace`; after that its run holds the store until it returns.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the engine stays shut down and the runs end or park all the
    /// same. Call it again to wait for that, and to let go of the store.
    pub async fn shutdown(&self, grace: Duration) {
        let inner = &self.inner;
        let runs = {
            let mut open = inner.open();
            open.is_shut_down = true;
            open.runs.values().cloned().collect::<Vec<_>>()
        };
        let at = inner.clock.now().after(grace);
        // First, for an executor that keeps the driver busy and looks at it.
        runs.iter().for_each(|run| run.stops.shut_down_at(at));
        let parked = async {
            // All at once: one driver that does not come to its requests keeps no other one from its own. One that is
            // gone needs no telling.
            let _ = join_all(runs.iter().map(|run| run.requests.send(Request::Park(grace)))).await;
            inner.changed.until(|| inner.open().runs.is_empty().then_some(())).await;
        };
        if tokio::runtime::Handle::try_current().is_ok() {
            if tokio::time::timeout(grace.saturating_add(inner.grace), parked).await.is_err() {
                // A driver that has told its executors is done with them, and at most waits for the disk.
                let are_stuck = || inner.open().runs.values().all(|run| !run.stops.has_stopped_all());
                inner.changed.until(|| are_stuck().then_some(())).await;
            }
        } else {
            // Without a runtime there are no drivers that could be stuck, and no timers.
            parked.await;
        }
        inner.store.let_go().await;
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

    /// The names of all secrets.
    ///
    /// # Errors
    ///
    /// What their source panicked with.
    pub(crate) fn secret_names(&self) -> Result<Vec<String>, String> {
        contain::call(|| self.secrets.names()).map_err(|panicked| panicked.to_string())
    }

    /// The names of the secrets that the flow mentions.
    fn secrets_of(&self, flow: &Flow) -> Result<Vec<String>, String> {
        let mut names = self.secret_names()?;
        if !names.is_empty() {
            let mentioned: BTreeSet<_> = secret_and_key_names(flow.to_json()).collect();
            names.retain(|name| mentioned.contains(name.as_str()));
        }
        Ok(names)
    }
}
