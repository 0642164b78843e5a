//! What happened in stories, counted: a simulator that finds nothing has to show that there was something.

use std::collections::BTreeMap;
use std::fmt;

use flowrun_core::{Record, RunStatus};

/// What a driver has kept of an executor that panicked when it was dropped.
pub(super) const PANICKED_IN_DROP: &str = "executor panicked when it was dropped: no luck";

/// Counts by what was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// How often this happened.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// All that happened, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, count)| (*what, *count))
    }

    pub(super) fn add(&mut self, what: &'static str) {
        self.add_many(what, 1);
    }

    pub(super) fn add_many(&mut self, what: &'static str, count: u64) {
        *self.0.entry(what).or_default() += count;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|(what, count)| self.add_many(what, count));
    }

    /// Counts a record that was decided.
    pub(super) fn add_record(&mut self, record: &Record) {
        self.add("records");
        if let Some(what) = kind(record) {
            self.add(what);
        }
    }
}

/// What records tell that is worth counting.
fn kind(record: &Record) -> Option<&'static str> {
    Some(match record {
        Record::AttemptStarted { possible_duplicate: true, .. } => "possible duplicates",
        Record::AttemptStarted { .. } => "attempts",
        Record::NodeDue { .. } => "waits for a turn",
        Record::SlotRequested { .. } => "waits for a slot",
        Record::AttemptLost { .. } => "attempts lost in a crash",
        Record::NodeHeld { .. } => "nodes held for a person",
        Record::NothingToSend { .. } => "receivers without objects",
        Record::Judged { .. } => "objects judged",
        Record::RetryScheduled { .. } => "retries",
        Record::EmptyReached { .. } => "empty nodes reached",
        Record::NodeSkipped { .. } => "nodes skipped",
        Record::Late { .. } => "late answers",
        Record::Logged { message, .. } if message.starts_with("stopped: ") => "limits broken",
        Record::Logged { message, .. } if **message == *PANICKED_IN_DROP => {
            "panics of executors that were dropped"
        }
        Record::CancelRequested => "runs told to cancel",
        Record::RunTimedOut => "runs out of time",
        Record::Paused => "pauses",
        Record::Resumed => "resumes",
        Record::Recovered { .. } => "recoveries",
        Record::Rerun { .. } => "reruns",
        Record::RunEnded { status: RunStatus::Passed, .. } => "runs passed",
        Record::RunEnded { status: RunStatus::Failed, .. } => "runs failed",
        Record::RunEnded { status: RunStatus::Cancelled, .. } => "runs cancelled",
        _ => return None,
    })
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in self.iter() {
            writeln!(f, "{count:>12}  {what}")?;
        }
        Ok(())
    }
}
