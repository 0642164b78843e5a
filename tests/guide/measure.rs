//! Measures how long addresses are.

use std::sync::Arc;

use flowrun::{Context, Facts, ObjectEntry, ObjectStatus, Outcome, Task, TaskExecutor, async_trait};
use serde_json::json;

/// Yields an object for each address it is to work on.
pub struct Measure;

#[async_trait]
impl TaskExecutor for Measure {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let id = |place: usize| format!("{}-{place}", task.node());
        let entry = |place: usize| ObjectEntry::new(&task.resources()[place].id, id(place));
        for place in 0..task.resources().len() {
            context.report_object(entry(place), None); // all are known before the first is done
        }
        for (place, resource) in task.resources().iter().enumerate() {
            let facts = Facts::new(json!({"type": "measure", "length": resource.url.len()}));
            context.report_object(entry(place).with_status(ObjectStatus::Passed), Some(facts));
        }
        Outcome::done()
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;
    use flowrun_testkit::executor_suite::ExecutorSuite;

    #[tokio::test]
    async fn an_engine_can_rely_on_it() {
        ExecutorSuite::new("measure", || Measure).run().await.assert();
    }
}
