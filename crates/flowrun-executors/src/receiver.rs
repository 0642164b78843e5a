//! What receivers share: one delivery per object they are handed, one after the other.

use flowrun::{Context, ObjectEntry, ObjectStatus, Outcome, Task, TaskObject};

use crate::outcome::{Undone, stopped};

/// What came of one delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivered {
    /// Everything arrived.
    Yes,
    /// Something did not, and will not.
    No,
    /// It may yet: another attempt is handed the object again.
    NotYet(Undone),
}

/// Delivers something for one object. It writes its own lines to the log.
pub(crate) trait Delivery: Sync {
    /// What came of it. The object's entry may be given keys that tell another attempt how far this one was.
    fn deliver(&self, object: &TaskObject, entry: &mut ObjectEntry)
    -> impl Future<Output = Delivered> + Send;
}

/// Delivers for every object of the task in order, and reports each as it is done, so that another attempt is
/// not handed what was sent. What may yet be sent stays undecided, and so does the object at work when the
/// attempt is told to stop.
pub(crate) async fn deliver_each(task: &Task, context: &Context, delivery: &impl Delivery) -> Outcome {
    let mut undone: Option<Undone> = None;
    for object in task.objects() {
        let mut entry = object.entry.clone();
        let delivered = tokio::select! {
            biased;
            () = context.cancelled() => return stopped(),
            delivered = delivery.deliver(object, &mut entry) => delivered,
        };
        let status = match delivered {
            Delivered::Yes => ObjectStatus::Passed,
            Delivered::No => ObjectStatus::Failed,
            Delivered::NotYet(why) => {
                undone = Some(undone.map_or(why, |before| before.and(why)));
                continue;
            }
        };
        context.report_object(entry.with_status(status), None);
    }
    match undone {
        None => Outcome::done(),
        // The lines of the deliveries have said why.
        Some(Undone { class, retry_after }) => {
            Outcome::failed_as(class).retry_after(retry_after).class(class)
        }
    }
}
