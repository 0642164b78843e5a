//! Which records brought a node where it is.

use std::collections::BTreeMap;

use super::name_of;
use super::value::{AttemptEnd, AttemptExplanation, JudgedObject, Reason, Stop};
use crate::model::{NodeStatus, ObjectEntry};
use crate::run::Record;

/// What is kept of a node's visit.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) started: Option<u64>,
    /// The record that brought it where it is.
    pub(super) decided: Option<u64>,
    pub(super) attempts: Vec<AttemptExplanation>,
    /// The last line of its last attempt.
    pub(super) line: Option<(u64, Box<str>)>,
    /// Why its next attempt waits.
    pub(super) retry: Option<Reason>,
    pub(super) sent_nothing: bool,
    pub(super) is_flaky: bool,
    /// What was stopping the run when it ended, which may have been its own failure.
    pub(super) stop: Option<Stop>,
    /// The objects that went to the true side, to the false one, and to neither.
    judged: [Side; 3],
    /// The record that told of an object last. Only of those that failed or are to be named.
    objects: BTreeMap<Box<str>, u64>,
}

/// The objects that went to one side.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) count: usize,
    pub(super) first: Vec<JudgedObject>,
}

impl Trace {
    /// Takes in a record about the node.
    pub(super) fn note(&mut self, number: u64, record: &Record) {
        match record {
            Record::AttemptStarted { attempt, possible_duplicate, .. } => {
                self.start(number);
                // Of the attempt before, whose failure did not end the node.
                (self.line, self.retry) = (None, None);
                self.attempts.push(AttemptExplanation {
                    attempt: *attempt,
                    started: number,
                    possible_duplicate: *possible_duplicate,
                    ended: None,
                    how: AttemptEnd::Working,
                });
            }
            Record::NothingToSend { .. } => {
                self.start(number);
                self.sent_nothing = true;
            }
            Record::RetryScheduled { attempt, class, not_before, .. } => {
                self.decided = Some(number);
                self.retry =
                    Some(Reason::Retry { attempt: *attempt, class: *class, not_before: *not_before });
                self.end_attempt(number, AttemptEnd::FailedAs(*class));
            }
            Record::AttemptLost { .. } => {
                (self.decided, self.retry) = (Some(number), None);
                self.end_attempt(number, AttemptEnd::Lost);
            }
            Record::NodeHeld { .. } => {
                (self.decided, self.retry) = (Some(number), None);
                self.end_attempt(number, AttemptEnd::Unknown);
            }
            Record::NodeEnded { status, flaky, .. } => {
                self.decided = Some(number);
                self.is_flaky = *flaky;
                let passed = *status == NodeStatus::Passed;
                self.end_attempt(number, if passed { AttemptEnd::Passed } else { AttemptEnd::Failed });
            }
            Record::NodeDue { .. }
            | Record::SlotRequested { .. }
            | Record::EmptyReached { .. }
            | Record::NodeSkipped { .. } => self.decided = Some(number),
            Record::Logged { message, .. } => self.line = Some((number, message.clone())),
            Record::Objects { objects, .. } => {
                for report in objects.iter().filter(|report| report.entry.status.is_terminal()) {
                    self.objects.insert(name_of(&report.entry).into(), number);
                }
            }
            Record::Judged { side, .. } => self.judged[place(*side)].count += 1,
            Record::Late { .. }
            | Record::RunStarted
            | Record::CancelRequested
            | Record::RunTimedOut
            | Record::Paused
            | Record::Resumed
            | Record::Recovered { .. }
            | Record::LetGo
            | Record::Rerun { .. }
            | Record::RunEnded { .. } => {}
        }
    }

    fn start(&mut self, number: u64) {
        self.started.get_or_insert(number);
        self.decided = Some(number);
    }

    /// The attempt at work ends. One that waits has ended before.
    fn end_attempt(&mut self, number: u64, how: AttemptEnd) {
        if let Some(last) = self.attempts.last_mut().filter(|last| last.ended.is_none()) {
            (last.ended, last.how) = (Some(number), how);
        }
    }

    /// One of the objects that are named.
    pub(super) fn judge(&mut self, judged: JudgedObject) {
        self.judged[place(judged.side)].first.push(judged);
    }

    /// The objects that went to a side.
    pub(super) const fn side(&self, side: Option<bool>) -> &Side {
        &self.judged[place(side)]
    }

    /// The record that told last of the entry's end.
    pub(super) fn told_of(&self, entry: &ObjectEntry) -> Option<u64> {
        self.objects.get(name_of(entry).as_str()).copied()
    }
}

const fn place(side: Option<bool>) -> usize {
    match side {
        Some(true) => 0,
        Some(false) => 1,
        None => 2,
    }
}
