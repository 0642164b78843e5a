//! The records of a run in words, for people who watch it.

use std::fmt;

use super::Record;
use crate::model::{NodeStatus, ObjectStatus, fit_line};
use crate::task::ObjectReport;

/// So many bytes of a line are shown: some hold a command to install something.
const LINE_BYTES: usize = 1_000;

impl Record {
    /// Whether it is worth telling whoever watches the run. The others say how something was decided.
    #[must_use]
    pub const fn is_news(&self) -> bool {
        match self {
            Self::AttemptStarted { .. }
            | Self::NodeHeld { .. }
            | Self::NothingToSend { .. }
            | Self::Objects { .. }
            | Self::Logged { .. }
            | Self::RetryScheduled { .. }
            | Self::NodeEnded { .. }
            | Self::NodeSkipped { .. }
            | Self::CancelRequested
            | Self::RunTimedOut
            | Self::Paused
            | Self::Resumed
            | Self::RunEnded { .. } => true,
            Self::RunStarted
            | Self::NodeDue { .. }
            | Self::SlotRequested { .. }
            | Self::AttemptLost { .. }
            | Self::Judged { .. }
            | Self::EmptyReached { .. }
            | Self::Late { .. }
            | Self::Recovered { .. }
            | Self::LetGo
            | Self::Rerun { .. } => false,
        }
    }
}

/// What happened, on one line and without the node it is about. Text of others drives no terminal, and a long line is
/// cut.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunStarted => f.write_str("run started"),
            Self::AttemptStarted { attempt, possible_duplicate, .. } => {
                f.write_str("started")?;
                if attempt.number() > 1 {
                    write!(f, ", attempt {}", attempt.number())?;
                }
                f.write_str(if *possible_duplicate { ", a possible duplicate" } else { "" })
            }
            Self::NodeDue { .. } => f.write_str("waits for its turn"),
            Self::SlotRequested { .. } => f.write_str("waits for a slot"),
            Self::AttemptLost { .. } => f.write_str("was at work when its process ended"),
            Self::NodeHeld { .. } => {
                f.write_str("waits for a person: nobody can know whether it had its effect")
            }
            Self::NothingToSend { .. } => f.write_str("nothing to send"),
            Self::Objects { objects, .. } => write_objects(f, objects),
            Self::Logged { message, .. } => f.write_str(&fit_line(message, LINE_BYTES)),
            Self::Judged { side, .. } => f.write_str(match side {
                Some(true) => "an object goes to true",
                Some(false) => "an object goes to false",
                None => "an object goes to neither side",
            }),
            Self::RetryScheduled { .. } => f.write_str("failed for now, waits for another attempt"),
            Self::NodeEnded { status, flaky, .. } => {
                f.write_str(if *status == NodeStatus::Passed { "passed" } else { "failed" })?;
                f.write_str(if *flaky { " after a failed attempt" } else { "" })
            }
            Self::EmptyReached { .. } => f.write_str("reached; it is empty and ends its branch"),
            Self::NodeSkipped { .. } => f.write_str("skipped"),
            Self::Late { attempt, .. } => write!(f, "attempt {attempt} had more to say when it was over"),
            Self::CancelRequested => f.write_str("the run is cancelled, stopping"),
            Self::RunTimedOut => f.write_str("the run is timed out, stopping"),
            Self::Paused => f.write_str("run paused"),
            Self::Resumed => f.write_str("run resumed"),
            Self::Recovered { .. } => f.write_str("run taken up by another process"),
            Self::LetGo => f.write_str("run let go of in order"),
            Self::Rerun { nodes, .. } => match nodes.len() {
                1 => f.write_str("run opened once more, for 1 node"),
                count => write!(f, "run opened once more, for {count} nodes"),
            },
            Self::RunEnded { status, .. } => write!(f, "run {status}"),
        }
    }
}

/// How many of the objects are how far: `2 objects passed, 1 failed`.
fn write_objects(f: &mut fmt::Formatter<'_>, objects: &[ObjectReport]) -> fmt::Result {
    let words = [
        (ObjectStatus::Working, "to do"),
        (ObjectStatus::Passed, "passed"),
        (ObjectStatus::Failed, "failed"),
        (ObjectStatus::Incomplete, "given up"),
    ];
    let counted = words
        .map(|(status, word)| (objects.iter().filter(|object| object.entry.status == status).count(), word));
    let mut noun = if objects.len() == 1 { " object" } else { " objects" };
    let mut before = "";
    for (count, word) in counted.into_iter().filter(|(count, _)| *count > 0) {
        write!(f, "{before}{count}{noun} {word}")?;
        (noun, before) = ("", ", ");
    }
    // A report may be empty.
    f.write_str(if before.is_empty() { "no objects" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attempt, ErrorClass, NodeIx, ObjectEntry, RunStatus, Timestamp};

    fn objects(statuses: &[ObjectStatus]) -> Record {
        let entries = statuses.iter().map(|status| ObjectEntry::new("p", "o").with_status(*status));
        let objects = entries.map(|entry| ObjectReport { entry, facts: None }).collect();
        Record::Objects { node: NodeIx::new(0), objects }
    }

    #[test]
    fn every_record_is_a_line_of_its_own() {
        let (node, attempt) = (NodeIx::new(0), Attempt::FIRST);
        let started = |attempt, possible_duplicate| Record::AttemptStarted {
            node,
            attempt,
            deadline: None,
            possible_duplicate,
        };
        let ended = |status, flaky| Record::NodeEnded { node, attempt, status, flaky };
        let judged = |side| Record::Judged { node, entry: 0, side, evaluation: None };
        let (class, not_before) = (ErrorClass::Transient, Timestamp::EPOCH);
        let records = [
            Record::RunStarted,
            Record::NodeDue { node, attempt },
            Record::SlotRequested { node, attempt },
            started(attempt, false),
            started(attempt.next(), false),
            started(attempt.next(), true),
            objects(&[ObjectStatus::Working; 3]),
            objects(&[ObjectStatus::Passed]),
            objects(&[ObjectStatus::Passed, ObjectStatus::Failed, ObjectStatus::Passed]),
            objects(&[ObjectStatus::Incomplete]),
            objects(&[]),
            Record::Logged { node, message: "line\nwith \u{1b}[2J".into() },
            judged(Some(true)),
            judged(Some(false)),
            judged(None),
            Record::RetryScheduled { node, attempt, class, not_before },
            Record::AttemptLost { node, attempt },
            Record::NodeHeld { node, attempt },
            Record::NothingToSend { node },
            Record::Late { node, attempt, count: 1 },
            ended(NodeStatus::Passed, false),
            ended(NodeStatus::Passed, true),
            ended(NodeStatus::Failed, false),
            Record::EmptyReached { node, finalized: true },
            Record::NodeSkipped { node },
            Record::Paused,
            Record::Resumed,
            Record::LetGo,
            Record::Recovered { epoch: 2 },
            Record::CancelRequested,
            Record::RunTimedOut,
            Record::RunEnded { status: RunStatus::Failed, step: node },
            Record::Rerun { nodes: [node].into(), keeping: [].into() },
            Record::Rerun { nodes: [node, node].into(), keeping: [node].into() },
        ];
        let told = records.map(|record| format!("{} {record}", if record.is_news() { '*' } else { ' ' }));
        insta::assert_snapshot!(told.join("\n"), @r"
          run started
          waits for its turn
          waits for a slot
        * started
        * started, attempt 2
        * started, attempt 2, a possible duplicate
        * 3 objects to do
        * 1 object passed
        * 2 objects passed, 1 failed
        * 1 object given up
        * no objects
        * line with \u{1b}[2J
          an object goes to true
          an object goes to false
          an object goes to neither side
        * failed for now, waits for another attempt
          was at work when its process ended
        * waits for a person: nobody can know whether it had its effect
        * nothing to send
          attempt 1 had more to say when it was over
        * passed
        * passed after a failed attempt
        * failed
          reached; it is empty and ends its branch
        * skipped
        * run paused
        * run resumed
          run let go of in order
          run taken up by another process
        * the run is cancelled, stopping
        * the run is timed out, stopping
        * run failed
          run opened once more, for 1 node
          run opened once more, for 2 nodes
        ");
    }

    #[test]
    fn a_long_line_is_cut() {
        let long = Record::Logged { node: NodeIx::new(0), message: "x".repeat(5_000).into() };
        let told = long.to_string();
        assert!(told.len() <= LINE_BYTES && told.ends_with("… [cut: 5000 bytes]"), "{told}");
    }
}
