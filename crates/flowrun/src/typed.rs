//! Executors with typed settings, in which `?` works.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use flowrun_core::{EffectClass, ErrorChain, ErrorClass, NodeProblem, Outcome, Task, json_problem};
use serde::de::DeserializeOwned;

use crate::Context;
use crate::executor::{Placement, TaskExecutor};

/// Does the tasks of one task type, with settings of a type of its own and with `?`.
///
/// The node's `data` is read into [`Settings`](Self::Settings) before anything runs: a flow whose nodes do not fit is
/// refused by a check and by a start alike. [`Executors::typed`](crate::Executors::typed) adds it.
///
/// ```
/// use flowrun::{Context, ExecutorError, Executors, Flow, NodeSpec, Outcome, Task, TypedExecutor, async_trait};
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     name: String,
///     #[serde(default)]
///     port: Option<String>,
/// }
///
/// struct Greet;
///
/// #[async_trait]
/// impl TypedExecutor for Greet {
///     type Settings = Settings;
///
///     async fn execute(&self, settings: Settings, _: Task, context: Context) -> Result<Outcome, ExecutorError> {
///         let port: u16 = settings.port.as_deref().unwrap_or("80").parse()?;
///         context.log(format!("hello {} at {port}", settings.name));
///         Ok(Outcome::done())
///     }
/// }
///
/// let executors = Executors::new().typed("greet", Greet);
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet").set("name", 7)).build()?;
/// let refused = executors.plan(&flow).unwrap_err();
/// assert_eq!(refused.problems()[0].code, "engine.node-settings", "{refused}");
/// assert!(refused.to_string().contains("invalid type: integer `7`, expected a string"), "{refused}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait TypedExecutor: Send + Sync + 'static {
    /// What the node's `data` is read into. Keys that it does not name are for others.
    type Settings: DeserializeOwned + Send + 'static;

    /// Does one attempt of a node. An error fails it, with the error and its causes as the line of the log.
    ///
    /// # Cancel safety
    ///
    /// As [`TaskExecutor::execute`].
    async fn execute(
        &self,
        settings: Self::Settings,
        task: Task,
        context: Context,
    ) -> Result<Outcome, ExecutorError>;

    /// Looks at the settings of a node before anything runs. They fit the type already. Default: nothing is wrong.
    fn check(&self, settings: Self::Settings) -> Vec<NodeProblem> {
        let _ = settings;
        Vec::new()
    }

    /// As [`TaskExecutor::effect`].
    fn effect(&self) -> EffectClass {
        EffectClass::Keyed
    }

    /// As [`TaskExecutor::placement`].
    fn placement(&self) -> Placement {
        Placement::InPlace
    }
}

/// What an executor fails with. `?` makes one of any error: it will fail again, unless
/// [`retryable`](Self::retryable) says otherwise.
pub struct ExecutorError(Outcome);

impl ExecutorError {
    /// A failure with this message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Outcome::failed(message))
    }

    /// The same failure, for a reason that may have passed next time.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self(self.0.retryable())
    }

    /// The same failure of another class.
    #[must_use]
    pub fn class(self, class: ErrorClass) -> Self {
        Self(self.0.class(class))
    }
}

/// With its causes, each said once: many errors show their cause themselves.
impl<E: Error> From<E> for ExecutorError {
    fn from(error: E) -> Self {
        Self::new(ErrorChain::new(&error).to_string())
    }
}

impl From<ExecutorError> for Outcome {
    fn from(error: ExecutorError) -> Self {
        error.0
    }
}

impl fmt::Debug for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A typed executor as the engine calls it.
pub(crate) struct Typed<E>(pub(crate) E);

impl<E: TypedExecutor> Typed<E> {
    fn settings(data: &str) -> Result<E::Settings, NodeProblem> {
        serde_json::from_str(data).map_err(|error| {
            let (message, _) = json_problem(data, &error);
            NodeProblem::error("engine.node-settings", "/data", message)
        })
    }
}

#[async_trait]
impl<E: TypedExecutor> TaskExecutor for Typed<E> {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        match Self::settings(task.data()) {
            Ok(settings) => self.0.execute(settings, task, context).await.unwrap_or_else(Into::into),
            // A check refuses such a node; this one began under another reading.
            Err(problem) => Outcome::failed(problem.message),
        }
    }

    fn effect(&self) -> EffectClass {
        self.0.effect()
    }

    fn placement(&self) -> Placement {
        self.0.placement()
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        match Self::settings(data) {
            Ok(settings) => self.0.check(settings),
            Err(problem) => vec![problem],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_each_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not send")]
        struct Outer(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("could not connect: refused")]
        struct Inner(#[source] Innermost);
        #[derive(Debug, thiserror::Error)]
        #[error("refused")]
        struct Innermost;

        let told = |error: ExecutorError| match Outcome::from(error) {
            Outcome::Failed(failure) => (failure.message.unwrap_or_default(), failure.class),
            other => panic!("{other:?}"),
        };
        let error = ExecutorError::from(Outer(Inner(Innermost)));
        assert_eq!(
            told(error),
            ("could not send: could not connect: refused".to_owned(), ErrorClass::Permanent)
        );
        let error = ExecutorError::from(Innermost).retryable();
        assert_eq!(told(error), ("refused".to_owned(), ErrorClass::Transient));
    }
}
