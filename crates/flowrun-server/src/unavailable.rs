//! What stands in for an executor that this server does not have.

use std::sync::Arc;

use flowrun::{Context, EffectClass, Outcome, Task, TaskExecutor, async_trait};

/// Fails a node with a line: the flow is one of the original, and nobody here can do this part of it.
pub(crate) struct Unavailable;

#[async_trait]
impl TaskExecutor for Unavailable {
    async fn execute(self: Arc<Self>, task: Task, _: Context) -> Outcome {
        let line = format!("nothing here does tasks of the type `{}`", task.task_type());
        Outcome::failed(line)
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }
}
