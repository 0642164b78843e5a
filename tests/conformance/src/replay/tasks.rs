//! Tasks that send what a script says: when they return, and with which outcome.

use flowrun_core::{ErrorClass, ObjectEntry, ObjectStatus, Outcome};

use crate::case::Update;

/// The task of one node, while it works.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScriptedTask {
    has_stated_failure: bool,
}

impl ScriptedTask {
    /// Takes one update, of which the entries have been reported, so that `entries` are those of the node now.
    /// Gives the outcome if the task returns with it: with the first update that carries objects or a status
    /// and leaves no entry at work, or with a final status as its last word.
    pub(super) fn take(
        &mut self,
        update: &Update,
        is_last: bool,
        entries: &[ObjectEntry],
    ) -> Option<Outcome> {
        let status = update.node_status.as_deref();
        self.has_stated_failure |= status == Some("failed");
        let is_final = matches!(status, Some("passed" | "failed"));
        let carries = status.is_some() || update.objects.as_ref().is_some_and(|objects| !objects.is_empty());
        let works = entries.iter().any(|entry| entry.status == ObjectStatus::Working);
        let has_returned = carries && !works && (is_final || !entries.is_empty()) || is_last && is_final;
        has_returned.then(|| if works { self.states(Outcome::Passed) } else { self.states(Outcome::Done) })
    }

    /// The outcome of a task that returns: a failure if it ever stated one.
    pub(super) fn states(self, otherwise: Outcome) -> Outcome {
        if !self.has_stated_failure {
            return otherwise;
        }
        Outcome::failed_as(ErrorClass::Permanent)
    }
}
