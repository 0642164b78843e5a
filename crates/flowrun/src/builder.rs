//! What an engine is made of.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowrun_core::{Outcome, RenderOptions, Role, RunPolicy, SecretSource, Task};
use flowrun_store::{MemoryStore, Store};

use crate::Context;
use crate::checked::CheckedPlans;
use crate::clock::{Clock, HostClock, SystemClock};
use crate::engine::Engine;
use crate::executor::TaskExecutor;
use crate::executors::{BuildError, Executors};
use crate::held::HeldStore;
use crate::inner::Inner;
use crate::secrets::Secrets;
use crate::signal::Signal;
use crate::slots::{Limit, Share, Sharing, SlotRequest, Slots};
use crate::typed::TypedExecutor;

/// Collects what an engine is made of.
///
/// ```
/// use std::time::Duration;
/// use flowrun::{Engine, MemoryStore, Outcome, RunPolicy};
///
/// let engine = Engine::builder()
///     .function("greet", |_, _| Outcome::done())
///     .store(MemoryStore::default())
///     .policy(RunPolicy::default().run_timeout(Duration::from_secs(60)))
///     .max_concurrent(8)
///     .build()?;
/// assert!(engine.is_volatile());
/// # Ok::<(), flowrun::BuildError>(())
/// ```
#[derive(Default)]
pub struct EngineBuilder {
    executors: Executors,
    store: Option<Arc<dyn Store>>,
    rendering: RenderOptions,
    clock: Option<Arc<dyn Clock>>,
    policy: RunPolicy,
    grace: Option<Duration>,
    max_concurrent: Option<usize>,
    limits: Vec<Limit>,
    sharing: Option<Sharing>,
}

impl Engine {
    /// An engine that does what these executors can, and keeps its runs in this store. Everything else is as
    /// [`builder`](Self::builder) has it.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a task type has no name or two executors.
    pub fn new(executors: Executors, store: impl Store) -> Result<Self, BuildError> {
        Self::builder().executors(executors).store(store).build()
    }

    /// Starts an engine that can do nothing yet: give it executors.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }
}

impl EngineBuilder {
    /// Sets what the engine can do and with which secrets, in place of whatever was set before.
    #[must_use]
    pub fn executors(mut self, executors: Executors) -> Self {
        self.executors = executors;
        self
    }

    /// Adds the executor of a task type: [`Executors::executor`].
    #[must_use]
    pub fn executor(mut self, task_type: impl Into<String>, executor: impl TaskExecutor) -> Self {
        self.executors = self.executors.executor(task_type, executor);
        self
    }

    /// Adds the executor of a task type with a role of choice: [`Executors::executor_as`].
    #[must_use]
    pub fn executor_as(
        mut self,
        task_type: impl Into<String>,
        role: Role,
        executor: impl TaskExecutor,
    ) -> Self {
        self.executors = self.executors.executor_as(task_type, role, executor);
        self
    }

    /// Adds a function as the executor of a task type: [`Executors::function`].
    #[must_use]
    pub fn function(
        mut self,
        task_type: impl Into<String>,
        function: impl Fn(&Task, &Context) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        self.executors = self.executors.function(task_type, function);
        self
    }

    /// Adds a function as the executor of a task type with a role of choice: [`Executors::function_as`].
    #[must_use]
    pub fn function_as(
        mut self,
        task_type: impl Into<String>,
        role: Role,
        function: impl Fn(&Task, &Context) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        self.executors = self.executors.function_as(task_type, role, function);
        self
    }

    /// Adds an executor with typed settings: [`Executors::typed`].
    #[must_use]
    pub fn typed(mut self, task_type: impl Into<String>, executor: impl TypedExecutor) -> Self {
        self.executors = self.executors.typed(task_type, executor);
        self
    }

    /// Sets where journals live. Default: a [`MemoryStore`], which is volatile.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets where secrets come from: [`Executors::secrets`]. Default: there are none.
    #[must_use]
    pub fn secrets(mut self, secrets: impl SecretSource + 'static) -> Self {
        self.executors = self.executors.secrets(secrets);
        self
    }

    /// Sets the longest text that a template may make, in bytes. A longer one fails the object it is made for, before
    /// anything is sent. Default: 1 MiB. Much more lets a short template with a long value fill the memory.
    #[must_use]
    pub fn max_template_bytes(mut self, bytes: usize) -> Self {
        self.rendering = self.rendering.max_bytes(bytes);
        self
    }

    /// Adds a value that must never be shown or kept: [`Executors::hide`].
    #[must_use]
    pub fn hide(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.executors = self.executors.hide(name, value);
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

    /// Shares the slots of [`max_concurrent`](Self::max_concurrent) fairly among groups that `shares` names, the outermost
    /// first, such as an account and in it a site: whoever has the fewest attempts at work is served next, and of several
    /// such the one that was served longest ago. A group may have a limit of its own ([`Share::most`]), above which its
    /// attempts wait whatever is free; [`Engine::waiting`] tells of it. Default: first come first served.
    ///
    /// It is called each time an attempt asks, by the driver of its run: it should be quick and must not block. Attempts for
    /// which it panics share one group.
    ///
    /// ```
    /// use flowrun::{Engine, Share};
    ///
    /// // Eight attempts at a time. No site waits because another one has asked for a thousand, and none has more than four.
    /// let engine = Engine::builder()
    ///     .max_concurrent(8)
    ///     .share_slots(|request| vec![Share::new(request.site).most(4)])
    ///     .build()?;
    /// # Ok::<(), flowrun::BuildError>(())
    /// ```
    #[must_use]
    pub fn share_slots(
        mut self,
        shares: impl Fn(&SlotRequest<'_>) -> Vec<Share> + Send + Sync + 'static,
    ) -> Self {
        self.sharing = Some(Box::new(shares));
        self
    }

    /// The engine.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a task type has no name or two executors, or a secret is too short.
    pub fn build(self) -> Result<Engine, BuildError> {
        self.executors.admit()?;
        let secrets =
            Secrets::new(Arc::clone(self.executors.secret_source()), self.executors.hidden().to_vec());
        // A source that panics now is asked again by each run, which tells it.
        if let Ok(Some(name)) = secrets.short() {
            return Err(BuildError::ShortSecret(name));
        }
        let inner = Inner {
            secrets,
            executors: self.executors,
            store: HeldStore::new(self.store.unwrap_or_else(|| Arc::new(MemoryStore::default()))),
            rendering: self.rendering,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            policy: self.policy,
            grace: self.grace.unwrap_or(Duration::from_secs(5)),
            slots: Slots::new(self.max_concurrent, self.limits, self.sharing),
            open: Mutex::default(),
            changed: Signal::default(),
            checked: CheckedPlans::default(),
        };
        Ok(Engine { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder").field("executors", &self.executors).finish_non_exhaustive()
    }
}
