//! The engine: executors, a store, and the runs they do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowrun_core::{
    Findings, Flow, NoSecrets, NodeIx, Plan, Role, Run, RunId, RunPolicy, RunSpec, SecretSource, TaskTypes,
    secret_and_key_names,
};
use flowrun_store::{MemoryStore, NewRun, Store};
use tokio::sync::mpsc;
use tracing::{Instrument, info, info_span};

use crate::clock::{Clock, SystemClock};
use crate::context::{RunShared, Stops};
use crate::driver::{Driver, Request, Work};
use crate::executor::TaskExecutor;
use crate::handle::{Progress, RunHandle};
use crate::redact::Redactor;
use crate::request::{RunRequest, StartError, What};

/// Runs flows. Cloning gives another handle to the same engine.
///
/// The engine brings no runtime: runs are driven on the tokio runtime that [`start`](Self::start) is called
/// in, one task a run.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    executors: Vec<Arc<dyn TaskExecutor>>,
    /// The place of each task type's executor.
    by_type: BTreeMap<String, u16>,
    types: TaskTypes,
    store: Arc<dyn Store>,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    policy: RunPolicy,
    grace: Duration,
    open: Mutex<OpenRuns>,
}

/// The runs that have a driver.
#[derive(Default)]
struct OpenRuns {
    is_shut_down: bool,
    runs: BTreeMap<RunId, (mpsc::Sender<Request>, Arc<Progress>)>,
}

impl Engine {
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
        let plan = Arc::new(Plan::new(flow, &self.inner.types).map_err(StartError::Refused)?);
        self.inner.node_executors(&plan)?;
        Ok(plan)
    }

    /// Starts a run on the current tokio runtime. It goes on by itself; the handle watches it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing has run then.
    pub fn start(&self, request: RunRequest) -> Result<RunHandle, StartError> {
        let inner = &self.inner;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let plan = match request.what {
            What::Flow(flow) => Arc::new(Plan::new(&flow, &inner.types).map_err(StartError::Refused)?),
            What::Plan(plan) => plan,
        };
        let executors = inner.node_executors(&plan)?;
        let id = request.id.unwrap_or_else(|| RunId::from_bytes(uuid::Uuid::new_v4().into_bytes()));
        let mut spec = RunSpec::new(id, inner.clock.now(), request.site);
        spec.configs = request.configs;
        spec.policy = request.policy.unwrap_or_else(|| inner.policy.clone());

        let mut open = inner.open();
        if open.is_shut_down {
            return Err(StartError::ShutDown);
        }
        let new = NewRun::new(spec.clone(), plan.flow().shared_json());
        let journal = inner.store.create(new.secrets(inner.secrets_of(plan.flow())))?;
        let (reports_in, reports) = mpsc::unbounded_channel();
        let (requests_in, requests) = mpsc::channel(16);
        let progress = Arc::new(Progress::default());
        let shared = RunShared {
            run: id,
            plan: Arc::clone(&plan),
            store_id: inner.store.id(),
            reports: reports_in,
            has_reports: AtomicBool::new(false),
            redactor: Redactor::new(&inner.secrets),
            secrets: Arc::clone(&inner.secrets),
            stops: Stops::default(),
        };
        let handle = RunHandle {
            id,
            plan: Arc::clone(&plan),
            progress: Arc::clone(&progress),
            requests: requests_in.clone(),
            reader: journal.reader(),
        };
        let driver = Driver {
            run: Run::new(plan, spec),
            journal,
            executors,
            shared: Arc::new(shared),
            reports,
            requests,
            clock: Arc::clone(&inner.clock),
            progress: Arc::clone(&progress),
            grace: inner.grace,
            work: Work::default(),
        };
        open.runs.insert(id, (requests_in, progress));
        drop(open);
        let registered = Registered { id, inner: Arc::clone(inner) };
        let span = info_span!("run", run = %id, flow = handle.plan.flow().id().as_deref());
        runtime.spawn(
            async move {
                info!("run began");
                // Taken out of the engine's list whatever happens, a panic included.
                let _registered = registered;
                driver.drive().await;
            }
            .instrument(span),
        );
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
    fn open(&self) -> MutexGuard<'_, OpenRuns> {
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

    /// Finds the executor of each task type and lets it look at its nodes.
    fn node_executors(&self, plan: &Arc<Plan>) -> Result<NodeExecutors, StartError> {
        let executor = |name| self.by_type.get(name).map(|&place| &self.executors[usize::from(place)]);
        let of_type = plan.task_types().map(executor).collect::<Vec<_>>();
        let mut problems = Findings::default();
        for index in 0..plan.node_count() {
            let node = NodeIx::new(index);
            let Some(task_type) = plan.task_type_of(node) else { continue };
            let view = plan.node(node);
            let Some(executor) = of_type[task_type] else {
                let message = || format!("no executor does the task type of node `{}`", view.id());
                problems.add(|| plan.problem(node, "engine.no-executor", message()));
                continue;
            };
            if let Err(reason) = executor.check(view.data()) {
                let message = || format!("node `{}` cannot run: {reason}", view.id());
                problems.add(|| plan.problem(node, "engine.setting", message()));
            }
        }
        if !problems.is_empty() {
            return Err(StartError::Refused(problems.into_vec()));
        }
        // Every task type is that of some node, so none is without executor here.
        let of_type = of_type.into_iter().flatten().cloned().collect();
        Ok(NodeExecutors { plan: Arc::clone(plan), of_type })
    }
}

/// Which executor does which node of one plan.
pub(crate) struct NodeExecutors {
    plan: Arc<Plan>,
    /// By the plan's task types.
    of_type: Box<[Arc<dyn TaskExecutor>]>,
}

impl NodeExecutors {
    /// The executor of a node that is not empty.
    pub(crate) fn of(&self, node: NodeIx) -> &Arc<dyn TaskExecutor> {
        let task_type = self.plan.task_type_of(node).expect("an empty node is never started");
        &self.of_type[task_type]
    }
}

/// Takes a run out of the engine's list when its driver is gone.
struct Registered {
    id: RunId,
    inner: Arc<Inner>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let gone = self.inner.open().runs.remove(&self.id);
        if let Some((_, progress)) = gone {
            // Does nothing after an ordinary end.
            progress.finish(Err(crate::RunError::Lost));
        }
    }
}

/// Collects what an engine is made of.
#[derive(Default)]
pub struct EngineBuilder {
    executors: Vec<(String, Role, Arc<dyn TaskExecutor>)>,
    store: Option<Arc<dyn Store>>,
    secrets: Option<Arc<dyn SecretSource>>,
    clock: Option<Arc<dyn Clock>>,
    policy: RunPolicy,
    grace: Option<Duration>,
}

impl EngineBuilder {
    /// Adds the executor of a task type. A documented type has its documented role, an own type starts
    /// afresh from pages or the site ([`Role::Producer`]).
    #[must_use]
    pub fn executor(self, task_type: impl Into<String>, executor: impl TaskExecutor) -> Self {
        let task_type = task_type.into();
        let role = TaskTypes::documented_role(&task_type).unwrap_or(Role::Producer);
        self.executor_as(task_type, role, executor)
    }

    /// Adds the executor of a task type with a role of choice, such as an own receiver of objects.
    #[must_use]
    pub fn executor_as(
        mut self,
        task_type: impl Into<String>,
        role: Role,
        executor: impl TaskExecutor,
    ) -> Self {
        self.executors.push((task_type.into(), role, Arc::new(executor)));
        self
    }

    /// Sets where journals live. Default: a [`MemoryStore`], which is volatile.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets where secrets come from. Default: there are none.
    #[must_use]
    pub fn secrets(mut self, secrets: impl SecretSource + 'static) -> Self {
        self.secrets = Some(Arc::new(secrets));
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets limits and retries of runs that bring none of their own.
    #[must_use]
    pub fn policy(mut self, policy: RunPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how long an executor that was told to stop may take to return. Default: 5 s.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// The engine.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a task type has no name or two executors.
    pub fn build(self) -> Result<Engine, BuildError> {
        let mut types = TaskTypes::default();
        let (mut executors, mut by_type) = (Vec::new(), BTreeMap::new());
        for (task_type, role, executor) in self.executors {
            if task_type.is_empty() {
                return Err(BuildError::NoName);
            }
            let place = u16::try_from(executors.len()).map_err(|_| BuildError::TooMany)?;
            if by_type.insert(task_type.clone(), place).is_some() {
                return Err(BuildError::TwoExecutors(task_type));
            }
            types = types.with(task_type, role);
            executors.push(executor);
        }
        Ok(Engine {
            inner: Arc::new(Inner {
                executors,
                by_type,
                types,
                store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
                secrets: self.secrets.unwrap_or_else(|| Arc::new(NoSecrets)),
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
                policy: self.policy,
                grace: self.grace.unwrap_or(Duration::from_secs(5)),
                open: Mutex::default(),
            }),
        })
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.executors.iter().map(|(task_type, ..)| task_type).collect::<Vec<_>>();
        f.debug_struct("EngineBuilder").field("task_types", &types).finish_non_exhaustive()
    }
}

/// An engine cannot be made of this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The empty task type is that of empty nodes, which nobody does.
    #[error("a task type needs a name")]
    NoName,
    /// Two executors were added for one task type.
    #[error("the task type `{0}` has two executors")]
    TwoExecutors(String),
    /// There are more executors than an engine can tell apart.
    #[error("an engine has at most 65,535 executors")]
    TooMany,
}
