//! What does the work of a node.

use std::sync::Arc;

use async_trait::async_trait;
use flowrun_core::{EffectClass, NodeIx, NodeProblem, Outcome, Plan, Task};
use tracing::warn;

use crate::Context;
use crate::contain;

/// Does the tasks of one task type.
///
/// An executor is given a [`Task`], reports what it does through its [`Context`] and ends with an
/// [`Outcome`]. Reports are never answered, so the same executor runs in place, in a simulation and behind a
/// remote call. A panic fails the node, not the process.
///
/// ```
/// use std::sync::Arc;
/// use flowrun::{Context, Outcome, Task, TaskExecutor, async_trait};
///
/// struct Greet;
///
/// #[async_trait]
/// impl TaskExecutor for Greet {
///     async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
///         context.log(format!("hello from node {}", task.node()));
///         Outcome::done()
///     }
/// }
/// ```
#[async_trait]
pub trait TaskExecutor: Send + Sync + 'static {
    /// Does one attempt of a node.
    ///
    /// # Cancel safety
    ///
    /// The future is polled by the driver of the run and must not block. It may be dropped at any await point
    /// once [`Context::cancelled`] has resolved and the grace period is over.
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome;

    /// Does an attempt that has nothing to wait for, which spares making a future of it. `None`, the default, leaves
    /// it to [`execute`](Self::execute), and comes before anything was done for the task. It is called by the driver
    /// of the run: it must not block, and neither a cancel nor a deadline ends it. Attempts that were called for
    /// before a cancel are still made; [`Context::is_cancelled`] tells them.
    ///
    /// [`Executors::function`](crate::Executors::function) makes an executor that is nothing else.
    fn execute_now(&self, task: &Task, context: &Context) -> Option<Outcome> {
        let _ = (task, context);
        None
    }

    /// What an attempt does to the world outside. It decides what becomes of an attempt that was at work when
    /// the process ended. Default: [`EffectClass::Keyed`], effects that carry [`Context::idempotency_key`].
    fn effect(&self) -> EffectClass {
        EffectClass::Keyed
    }

    /// Finds out whether an earlier attempt of the task had its effect, without having one. Asked only of
    /// executors whose [`effect`](Self::effect) is [`EffectClass::Probeable`], before such a task is done again.
    ///
    /// # Cancel safety
    ///
    /// As [`execute`](Self::execute).
    async fn probe(&self, task: &Task, context: &Context) -> Probe {
        let _ = (task, context);
        Probe::Unknown
    }

    /// What of its settings must never be shown or kept: tokens, passwords, addresses that are secrets in themselves,
    /// each with the name that is shown in its place. Values are taken out of all that any executor of the engine
    /// reports, in [every spelling](crate::Redactor), so that an answer may echo a request. Asked once, when the engine
    /// is built. Default: nothing.
    fn secrets(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Where the rest of an attempt is polled once it had to wait.
    fn placement(&self) -> Placement {
        Placement::InPlace
    }

    /// The keys of a node's `data` whose texts are templates, such as `message`: what they name is known before
    /// anything runs. A name that is neither a data key nor a secret that is given refuses the flow. Default: none,
    /// so that such a name is only told by the log of the node, and stays as typed.
    fn templates(&self) -> &[&str] {
        &[]
    }

    /// The data keys that the objects of this executor carry beside the documented ones: members of their facts.
    /// `None`, the default, says nothing of them; below such an executor, names that nobody knows are let through
    /// with a warning.
    fn data_keys(&self) -> Option<&[&str]> {
        None
    }

    /// Looks at a node before anything runs: `data` is the node's `data` as JSON text, which
    /// [`NodeData`](crate::NodeData) reads key by key. Gives every problem at once, each with the key it is about
    /// and whether the flow or the operator's settings are wrong; with an error among them the flow is refused.
    ///
    /// It is asked by a check as by a start, so it must not depend on anything but the data and the settings
    /// that the executor was made with, and it must not block.
    ///
    /// ```
    /// use flowrun::{NodeData, NodeProblem};
    ///
    /// fn check(data: &str) -> Vec<NodeProblem> {
    ///     match NodeData::read(data).text("name") {
    ///         Ok(Some(_)) => Vec::new(),
    ///         Ok(None) => vec![NodeProblem::error("greet.name", "/data/name", "`name` is missing")],
    ///         Err(bad) => vec![bad.into()],
    ///     }
    /// }
    ///
    /// assert_eq!(check(r#"{"name": "Ada", "name": "Grace"}"#)[0].message, "`name` is given twice");
    /// ```
    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let _ = data;
        Vec::new()
    }
}

/// A function as an executor.
pub(crate) struct Function<F>(pub(crate) F);

#[async_trait]
impl<F: Fn(&Task, &Context) -> Outcome + Send + Sync + 'static> TaskExecutor for Function<F> {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        (self.0)(&task, &context)
    }

    fn execute_now(&self, task: &Task, context: &Context) -> Option<Outcome> {
        Some((self.0)(task, context))
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }
}

/// What is known of the effect of an earlier attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It happened: the node passes without being done again.
    Done,
    /// It did not happen: the task is done.
    NotDone,
    /// Nobody can tell: what happens next is what the node's `on_unknown` says.
    Unknown,
}

/// Where an attempt is polled after its first poll, which is always in place.
///
/// ```
/// assert_eq!(flowrun::Placement::default(), flowrun::Placement::InPlace);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// In the driver's own task, beside the run's other attempts: right for what mostly waits.
    #[default]
    InPlace,
    /// In a tokio task of its own: right for what computes between its waits.
    OwnTask,
}

/// Executors, which are values of others: whatever one of them does when it is dropped, the rest are dropped too, and
/// whoever drops them goes on.
#[derive(Clone, Default)]
pub(crate) struct ExecutorList(Vec<Arc<dyn TaskExecutor>>);

impl ExecutorList {
    pub(crate) fn push(&mut self, executor: Arc<dyn TaskExecutor>) {
        self.0.push(executor);
    }
}

impl FromIterator<Arc<dyn TaskExecutor>> for ExecutorList {
    fn from_iter<I: IntoIterator<Item = Arc<dyn TaskExecutor>>>(executors: I) -> Self {
        Self(executors.into_iter().collect())
    }
}

impl std::ops::Deref for ExecutorList {
    type Target = [Arc<dyn TaskExecutor>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for ExecutorList {
    fn drop(&mut self) {
        for executor in self.0.drain(..) {
            if contain::discard(executor).is_err() {
                warn!("executor panicked when it was dropped");
            }
        }
    }
}

/// Which executor does which node of one plan.
#[derive(Clone)]
pub(crate) struct NodeExecutors {
    pub(crate) plan: Arc<Plan>,
    /// By the plan's task types.
    pub(crate) of_type: Arc<ExecutorList>,
}

impl NodeExecutors {
    /// The executor of a node that is not empty.
    pub(crate) fn of(&self, node: NodeIx) -> &Arc<dyn TaskExecutor> {
        let task_type = self.plan.task_type_of(node).expect("an empty node is never started");
        &self.of_type[task_type]
    }
}
