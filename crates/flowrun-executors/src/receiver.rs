//! What receivers share: one delivery per object they are handed, one after the other.

use flowrun::{Context, ObjectStatus, Outcome, Task, TaskObject};

use crate::outcome::stopped;

/// Delivers something for one object. It writes its own lines to the log.
pub(crate) trait Delivery: Sync {
    /// Whether everything arrived.
    fn deliver(&self, object: &TaskObject) -> impl Future<Output = bool> + Send;
}

/// Delivers for every object of the task in order, and reports each as it is done, so that an attempt after
/// a crash is not handed what was sent. A stop ends the waiting; the object at work stays undecided.
pub(crate) async fn deliver_each(task: &Task, context: &Context, delivery: &impl Delivery) -> Outcome {
    for object in &task.objects {
        let delivered = tokio::select! {
            biased;
            () = context.cancelled() => return stopped(),
            delivered = delivery.deliver(object) => delivered,
        };
        let status = if delivered { ObjectStatus::Passed } else { ObjectStatus::Failed };
        context.object(object.entry.clone().with_status(status), None);
    }
    Outcome::done()
}
