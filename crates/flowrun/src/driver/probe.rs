//! Doing a task again whose effect may have happened already, where the executor can find out.

use std::sync::Arc;

use flowrun_core::{ErrorClass, ObjectReport, ObjectStatus, OnUnknown, Outcome, Task, TaskObject};

use crate::Context;
use crate::executor::{Probe, TaskExecutor};

/// Does the task unless an earlier attempt is found to have done it.
pub(super) async fn execute_if_not_done(
    executor: Arc<dyn TaskExecutor>,
    task: Task,
    context: Context,
    on_unknown: OnUnknown,
) -> Outcome {
    match (executor.probe(&task, &context).await, on_unknown) {
        (Probe::Done, _) => {
            let passed = |object: &TaskObject| ObjectReport {
                entry: object.entry.clone().with_status(ObjectStatus::Passed),
                facts: None,
            };
            context.report_objects(task.objects().iter().map(passed).collect());
            Outcome::Passed
        }
        (Probe::NotDone, _) | (Probe::Unknown, OnUnknown::Retry) => {
            match executor.execute_now(&task, &context) {
                Some(outcome) => outcome,
                None => executor.execute(task, context).await,
            }
        }
        (Probe::Unknown, OnUnknown::Fail | OnUnknown::Pause) => {
            Outcome::failed("whether an earlier attempt had its effect cannot be found out")
                .class(ErrorClass::Unknown)
        }
    }
}
