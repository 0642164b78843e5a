//! The end of an attempt: by its executor, by its deadline, or because it was stopped.

use std::sync::Arc;

use super::{Command, Record, Run, State};
use crate::condition::Evaluation;
use crate::model::{Attempt, NodeIx, NodeStatus, ObjectStatus, Timestamp};
use crate::task::{ErrorClass, Failure, Outcome};

impl Run {
    #[inline]
    pub(super) fn on_attempt_ended(
        &mut self,
        at: Timestamp,
        node: NodeIx,
        attempt: Attempt,
        outcome: Outcome,
    ) {
        if !self.is_at_work(node, attempt) {
            return self.note_late(at, node, attempt);
        }
        // It was told to stop and came back in time: what it achieved counts, the rest was stopped.
        if self.is_stopping() && !self.has_passed(node, &outcome) {
            return self.end_stopped(at, node, attempt);
        }
        match outcome {
            Outcome::Failed(failure) => self.fail_attempt(at, node, attempt, *failure),
            Outcome::Passed => self.end_node(at, node, attempt, NodeStatus::Passed),
            Outcome::Done => self.end_by_entries(at, node, attempt),
        }
    }

    pub(super) fn on_attempt_stopped(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.is_at_work(node, attempt) {
            self.end_stopped(at, node, attempt);
        } else {
            self.note_late(at, node, attempt);
        }
    }

    /// The attempt's deadline passed. Its executor is told to stop, and its answer no longer counts.
    pub(super) fn on_attempt_timeout(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        // The timer can fire while the executor is already returning; the end that came first counts. And it
        // can fire in the grace period of a stop, which ends the attempt anyway: nobody is told twice.
        if !self.is_at_work(node, attempt) || self.is_stopping() {
            return;
        }
        self.commands.push(Command::Stop { node, attempt });
        let seconds = self.attempt_timeout(node).unwrap_or_default().as_secs_f64();
        let message = Some(format!("timed out after {seconds} s"));
        self.fail_attempt(
            at,
            node,
            attempt,
            Failure { class: ErrorClass::Timeout, message, retry_after: None },
        );
    }

    /// Whether everything at work was told to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.why_stopped().is_some()
    }

    pub(super) fn is_at_work(&self, node: NodeIx, attempt: Attempt) -> bool {
        self.nodes.state(node) == State::Working(attempt)
    }

    /// The attempt that a node which has started is at, or waits for.
    pub(super) fn open_attempt(&self, node: NodeIx) -> Option<Attempt> {
        let state = self.nodes.state(node);
        match state {
            State::Working(attempt) | State::Waiting(attempt) => Some(attempt),
            State::Due(attempt) | State::Asking(attempt) => state.has_started().then_some(attempt),
            State::Queued { .. }
            | State::Passed { .. }
            | State::Failed { .. }
            | State::Skipped
            | State::Reached { .. } => None,
        }
    }

    fn has_passed(&self, node: NodeIx, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Passed => true,
            Outcome::Failed(_) => false,
            Outcome::Done => self
                .objects(node)
                .iter()
                .all(|entry| !matches!(entry.status, ObjectStatus::Working | ObjectStatus::Failed)),
        }
    }

    #[inline]
    fn end_by_entries(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        let Some(detail) = self.nodes.detail(node) else {
            return self.end_node(at, node, attempt, NodeStatus::Passed);
        };
        let any = |status| detail.objects.as_slice().iter().any(|entry| entry.status == status);
        let working = any(ObjectStatus::Working);
        let failed = working || any(ObjectStatus::Failed) || detail.over_limit;
        if working {
            self.log(at, node, "ended with objects still working");
        }
        let status = if failed { NodeStatus::Failed } else { NodeStatus::Passed };
        self.end_node(at, node, attempt, status);
    }

    /// The node was stopped: by a cancel, by the run's deadline, or by a driver that could not go on with it.
    pub(super) fn end_stopped(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        self.log(at, node, self.why_stopped().unwrap_or("stopped"));
        self.end_node(at, node, attempt, NodeStatus::Failed);
    }

    /// The node is done: judge its conditions if anything is to follow, then go on.
    #[inline]
    pub(super) fn end_node(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt, status: NodeStatus) {
        self.tell_dropped(at, node);
        let ends_run = status == NodeStatus::Failed && self.end_on_fail;
        if self.is_open() && !ends_run {
            self.judge(at, node);
        }
        let was_open = self.is_open();
        let has_failed = self.detours.get(node).is_some_and(|detour| detour.has_failed);
        let flaky = status == NodeStatus::Passed && has_failed;
        self.put_made(at, || Record::NodeEnded { node, attempt, status, flaky });
        if was_open && !self.is_open() {
            self.end_waiting(at);
        }
        self.advance(at, node);
    }

    /// Decides for each entry of a node with conditions on which side of them it goes on.
    #[inline]
    pub(super) fn judge(&mut self, at: Timestamp, node: NodeIx) {
        if self.plan.info(node).has_conditions {
            self.judge_entries(at, node);
        }
    }

    fn judge_entries(&mut self, at: Timestamp, node: NodeIx) {
        let (plan, semantics) = (Arc::clone(&self.plan), self.spec.semantics);
        let Some(conditions) = plan.conditions(node) else { return };
        for place in 0..self.objects(node).len() {
            let entry = &self.objects(node)[place];
            let facts = self.facts_of(entry);
            let evaluation = match &facts {
                Some(facts)
                    if facts.kind() == "test" && facts.get("status") == Some(&"incomplete".into()) =>
                {
                    None
                }
                None if entry.status == ObjectStatus::Incomplete => None,
                facts => Some(conditions.evaluate_as(semantics, facts.as_ref())),
            };
            let evaluation = evaluation.map(|evaluation| Arc::new(self.fit_evaluation(evaluation)));
            let side = evaluation.as_ref().map(|evaluation| evaluation.holds);
            let entry = u32::try_from(place).unwrap_or(u32::MAX);
            self.put(at, Record::Judged { node, entry, side, evaluation });
        }
    }

    /// What was compared, or the answer alone where the decision has no room for more.
    fn fit_evaluation(&mut self, evaluation: Evaluation) -> Evaluation {
        let Some(room) = self.room.checked_sub(evaluation.size()) else {
            return Evaluation { comparisons: Vec::new(), ..evaluation };
        };
        self.room = room;
        evaluation
    }
}
