//! Executors as a value: what can be done, before there is an engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use flowrun_core::{
    Diagnostic, Findings, NoSecrets, NodeIx, NodeProblem, Outcome, Plan, Role, SecretSource, Task, TaskTypes,
};

use crate::Context;
use crate::executor::{ExecutorList, Function, TaskExecutor};
use crate::typed::{Typed, TypedExecutor};

/// What can be done: each task type with its role, what it does to the world outside, and its executor.
///
/// A flow can be [planned](Self::plan) and [checked](Self::check) with them without an engine and without a store;
/// an engine is made of them and a store. Clones share the executors.
///
/// ```
/// use flowrun::{Context, Engine, Executors, Flow, MemoryStore, NodeSpec, Outcome, RunRequest, RunStatus, Site, Task};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = |task: &Task, context: &Context| {
///     context.log(format!("hello {}", task.site().site_url()));
///     Outcome::done()
/// };
/// let executors = Executors::new().function("greet", greet);
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "great")).build()?;
/// assert_eq!(executors.plan(&flow).unwrap_err().problems()[0].code, "plan.unknown-task-type");
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let plan = executors.plan(&flow)?;
/// let engine = Engine::new(executors, MemoryStore::default())?;
/// let run = engine.start(RunRequest::of_plan(plan, Site::new("https://example.com"))).await?;
/// assert_eq!(run.result().await?.status(), RunStatus::Passed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Executors {
    list: ExecutorList,
    /// The place of each task type's executor.
    by_type: BTreeMap<String, u16>,
    types: TaskTypes,
    secrets: Arc<dyn SecretSource>,
    /// What must not be shown beside the secrets: what the executors are set up with, and what the host adds.
    hidden: Vec<(String, String)>,
    /// The first executor that could not be added. An engine is not made of this.
    refused: Option<BuildError>,
}

impl Executors {
    /// Nothing can be done yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            list: ExecutorList::default(),
            by_type: BTreeMap::new(),
            types: TaskTypes::default(),
            secrets: Arc::new(NoSecrets),
            hidden: Vec::new(),
            refused: None,
        }
    }

    /// Sets where secrets come from. A template that names neither a data key nor one of them is refused before it
    /// runs. Default: there are none.
    ///
    /// One of fewer than [6 characters](crate::Redactor::SHORTEST) is refused when an engine is made, and counts as not
    /// given if it comes later: it could not be taken out of what is recorded. A run has the values of the moment in
    /// which this process started it or took it up.
    #[must_use]
    pub fn secrets(mut self, secrets: impl SecretSource + 'static) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// Adds a value that must never be shown or kept, beside the secrets of flows and what executors
    /// [tell of their settings](TaskExecutor::secrets). The name is shown in its place.
    #[must_use]
    pub fn hide(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }

    /// Adds the executor of a task type. A documented type has its documented role, an own type starts
    /// afresh from pages or the site ([`Role::Producer`]).
    ///
    /// A second executor of a type, and one of a type without a name, is a mistake that [`Engine`](crate::Engine)
    /// refuses.
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
        if let Err(refused) = self.add(task_type.into(), role, Arc::new(executor)) {
            // The first mistake is the one that is told.
            self.refused.get_or_insert(refused);
        }
        self
    }

    /// Adds a function as the executor of a task type: it has the whole answer as soon as it is called
    /// ([`TaskExecutor::execute_now`]), so it must not block. It only computes, and is called again after a crash
    /// without further thought ([`EffectClass::Read`](flowrun_core::EffectClass::Read)): what does something outside
    /// is a [`TaskExecutor`] of its own. Its role is that of [`executor`](Self::executor).
    #[must_use]
    pub fn function(
        self,
        task_type: impl Into<String>,
        function: impl Fn(&Task, &Context) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        self.executor(task_type, Function(function))
    }

    /// Adds a function as the executor of a task type with a role of choice, such as an own receiver of objects.
    #[must_use]
    pub fn function_as(
        self,
        task_type: impl Into<String>,
        role: Role,
        function: impl Fn(&Task, &Context) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        self.executor_as(task_type, role, Function(function))
    }

    /// Adds an executor with typed settings, which a check reads too. Its role is that of [`executor`](Self::executor).
    #[must_use]
    pub fn typed(self, task_type: impl Into<String>, executor: impl TypedExecutor) -> Self {
        self.executor(task_type, Typed(executor))
    }

    fn add(
        &mut self,
        task_type: String,
        role: Role,
        executor: Arc<dyn TaskExecutor>,
    ) -> Result<(), BuildError> {
        if task_type.is_empty() {
            return Err(BuildError::NoName);
        }
        if self.by_type.contains_key(&task_type) {
            return Err(BuildError::TwoExecutors(task_type));
        }
        let place = u16::try_from(self.list.len()).map_err(|_| BuildError::TooMany)?;
        let types = std::mem::take(&mut self.types);
        self.types = types.with(&*task_type, role).with_effect(&task_type, executor.effect());
        self.hidden.extend(executor.secrets());
        self.list.push(executor);
        self.by_type.insert(task_type, place);
        Ok(())
    }

    /// The task types that can be done.
    #[must_use]
    pub fn task_types(&self) -> &TaskTypes {
        &self.types
    }

    pub(crate) const fn secret_source(&self) -> &Arc<dyn SecretSource> {
        &self.secrets
    }

    pub(crate) fn hidden(&self) -> &[(String, String)] {
        &self.hidden
    }

    /// What an engine cannot be made of.
    pub(crate) fn admit(&self) -> Result<(), BuildError> {
        self.refused.clone().map_or(Ok(()), Err)
    }

    /// The executors of a plan's task types, in their order; `None` where the plan is of others, who can do more.
    pub(crate) fn of_plan(&self, plan: &Plan) -> Option<ExecutorList> {
        plan.task_types().map(|name| self.executor_of(name).cloned()).collect()
    }

    /// The nodes that nobody does.
    pub(crate) fn missing(&self, plan: &Plan) -> Vec<Diagnostic> {
        let mut found = Findings::default();
        for (index, node) in plan.flow().nodes().enumerate() {
            let task_type = node.task_type();
            if task_type.is_empty() || self.executor_of(&task_type).is_some() {
                continue;
            }
            found.add(|| {
                let message = format!("no executor does the task type `{task_type}`");
                let problem = NodeProblem::error("engine.no-executor", "/data/task_type", message);
                plan.flow().finding(NodeIx::new(index), problem)
            });
        }
        found.into_vec()
    }

    /// All executors.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn TaskExecutor>> {
        self.list.iter()
    }

    /// The executor of a task type.
    pub(crate) fn executor_of(&self, task_type: &str) -> Option<&Arc<dyn TaskExecutor>> {
        self.by_type.get(task_type).map(|&place| &self.list[usize::from(place)])
    }
}

impl Default for Executors {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Executors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Executors").field(&self.by_type.keys().collect::<Vec<_>>()).finish()
    }
}

/// An engine cannot be made of this.
///
/// ```
/// use flowrun::{BuildError, Engine, Outcome};
///
/// let twice = Engine::builder().function("greet", |_, _| Outcome::done()).function("greet", |_, _| Outcome::done());
/// assert!(matches!(twice.build(), Err(BuildError::TwoExecutors(task_type)) if task_type == "greet"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The empty task type is that of empty nodes, which nobody does.
    #[error("a task type needs a name")]
    NoName,
    /// Two executors were added for one task type.
    #[error("the task type `{0}` has two executors")]
    TwoExecutors(String),
    /// A secret has too few characters to be told from ordinary text, so it would be shown.
    #[error("the secret `{0}` has fewer than 6 characters: it could not be taken out of what is recorded")]
    ShortSecret(String),
    /// There are more executors than an engine can tell apart.
    #[error("an engine has at most 65,535 executors")]
    TooMany,
}
