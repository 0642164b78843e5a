//! What an engine is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowrun_core::{NoSecrets, Outcome, RenderOptions, Role, RunPolicy, SecretSource, Task, TaskTypes};
use flowrun_store::{MemoryStore, Store};

use crate::Context;
use crate::checked::CheckedPlans;
use crate::clock::{Clock, HostClock, SystemClock};
use crate::engine::{Engine, Inner};
use crate::executor::{Executors, Function, TaskExecutor};
use crate::held::HeldStore;
use crate::signal::Signal;
use crate::slots::{Limit, SlotRequest, Slots};

/// Collects what an engine is made of.
#[derive(Default)]
pub struct EngineBuilder {
    executors: Vec<(String, Role, Arc<dyn TaskExecutor>)>,
    store: Option<Arc<dyn Store>>,
    secrets: Option<Arc<dyn SecretSource>>,
    rendering: RenderOptions,
    clock: Option<Arc<dyn Clock>>,
    policy: RunPolicy,
    grace: Option<Duration>,
    max_concurrent: Option<usize>,
    limits: Vec<Limit>,
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

    /// Adds a function as the executor of a task type: it has the whole answer as soon as it is called
    /// ([`TaskExecutor::execute_now`]), so it must not block. It only computes, and is called again after a crash
    /// without further thought ([`EffectClass::Read`](flowrun_core::EffectClass::Read)): what does something outside
    /// is a [`TaskExecutor`] of its own. Its role is that of [`executor`](Self::executor).
    ///
    /// ```
    /// use flowrun::{Context, Engine, Flow, NodeSpec, Outcome, RunRequest, RunStatus, Site, Task};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let greet = |task: &Task, context: &Context| {
    ///     context.log(format!("hello {}", task.site().site_url()));
    ///     Outcome::done()
    /// };
    /// let engine = Engine::builder().function("greet", greet).build()?;
    /// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
    /// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
    /// assert_eq!(run.finished().await?.status(), RunStatus::Passed);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn function(
        self,
        task_type: impl Into<String>,
        function: impl Fn(&Task, &Context) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        self.executor(task_type, Function(function))
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

    /// Sets the longest text that a template may make, in bytes. A longer one fails the object it is made for, before
    /// anything is sent. Default: 1 MiB. Much more lets a short template with a long value fill the memory.
    #[must_use]
    pub fn max_template_bytes(mut self, bytes: usize) -> Self {
        self.rendering = self.rendering.max_bytes(bytes);
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(HostClock::new(clock)));
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

    /// Sets how many attempts may be at work at the same time in all runs together, at least 1. Those over it
    /// wait, first come first served; their deadlines count from when they start. Default: no limit.
    #[must_use]
    pub const fn max_concurrent(mut self, attempts: usize) -> Self {
        self.max_concurrent = Some(attempts);
        self
    }

    /// Sets how many attempts may be at work at the same time for one site, at least 1. Runs for other sites
    /// do not wait for those of a busy one. Default: no limit.
    #[must_use]
    pub fn max_concurrent_per_site(self, attempts: usize) -> Self {
        self.max_concurrent_per(attempts, |request| Some(request.site.to_owned()))
    }

    /// Sets how many attempts of one key may be at work at the same time, at least 1: `key` names it, such as the
    /// account, the host that is called, or the task type; `None` leaves an attempt out. May be called for several
    /// kinds of keys: an attempt starts when all of its keys have room, and those with other keys do not wait for
    /// it. Default: no limit.
    ///
    /// `key` is called each time an attempt asks, by the driver of its run: it should be quick and must not block.
    /// Attempts for which it panics count under one key that they share.
    ///
    /// ```
    /// use flowrun::Engine;
    ///
    /// // Two scans at a time, whatever they are for, and one attempt of anything for a site.
    /// let engine = Engine::builder()
    ///     .max_concurrent_per(2, |request| (request.task_type == "scan").then(|| "scan".to_owned()))
    ///     .max_concurrent_per(1, |request| Some(request.site.to_owned()))
    ///     .build()?;
    /// # Ok::<(), flowrun::BuildError>(())
    /// ```
    #[must_use]
    pub fn max_concurrent_per(
        mut self,
        attempts: usize,
        key: impl Fn(&SlotRequest<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.limits.push(Limit::new(attempts, key));
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
            types = types.with(&*task_type, role).effect(&task_type, executor.effect());
            executors.push(executor);
        }
        Ok(Engine::new(Inner {
            executors: Executors::new(executors),
            by_type,
            types,
            store: HeldStore::new(self.store.unwrap_or_else(|| Arc::new(MemoryStore::default()))),
            secrets: self.secrets.unwrap_or_else(|| Arc::new(NoSecrets)),
            rendering: self.rendering,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            policy: self.policy,
            grace: self.grace.unwrap_or(Duration::from_secs(5)),
            slots: Slots::new(self.max_concurrent, self.limits),
            open: Mutex::default(),
            changed: Signal::default(),
            checked: CheckedPlans::default(),
        }))
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
