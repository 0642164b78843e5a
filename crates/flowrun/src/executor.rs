//! What does the work of a node.

use std::sync::Arc;

use async_trait::async_trait;
use flowrun_core::{Outcome, Task};

use crate::Context;

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

    /// Where the rest of an attempt is polled once it had to wait.
    fn placement(&self) -> Placement {
        Placement::InPlace
    }

    /// Looks at a node before anything runs: `data` is the node's `data` as JSON text.
    ///
    /// # Errors
    ///
    /// What is missing or wrong, lower-case, naming the setting: the flow is then refused.
    fn check(&self, data: &str) -> Result<(), String> {
        let _ = data;
        Ok(())
    }
}

/// Where an attempt is polled after its first poll, which is always in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// In the driver's own task, beside the run's other attempts: right for what mostly waits.
    #[default]
    InPlace,
    /// In a tokio task of its own: right for what computes between its waits.
    OwnTask,
}
