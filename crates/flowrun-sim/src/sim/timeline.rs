//! The records of a run, told to people.

use std::time::Duration;

use flowrun_core::{Plan, Record, Timestamp};
use serde::Serialize;

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moment {
    /// Milliseconds of virtual time since the run began.
    pub at_ms: u64,
    /// Id of the node it is about, if it is about one.
    pub node: Option<String>,
    /// What happened.
    pub what: String,
}

impl Moment {
    /// The line of a record.
    #[must_use]
    pub fn new(plan: &Plan, at: Timestamp, record: &Record) -> Self {
        Self {
            at_ms: u64::try_from(at.as_micros() / 1_000).unwrap_or(0),
            node: record.node().map(|node| plan.node_id(node).into_owned()),
            what: describe(record),
        }
    }
}

/// What a record says, such as `attempt 2 started`.
#[must_use]
pub fn describe(record: &Record) -> String {
    match record {
        Record::RunStarted => "run started".to_owned(),
        Record::AttemptStarted { attempt, .. } => format!("attempt {attempt} started"),
        Record::NothingToSend { .. } => "passed: nothing to send".to_owned(),
        Record::Objects { objects, .. } => {
            let status = |object: &flowrun_core::ObjectReport| {
                let id = object.entry.id.as_deref().unwrap_or("?");
                format!("{id} {}", format!("{:?}", object.entry.status).to_lowercase())
            };
            let shown: Vec<_> = objects.iter().take(SHOWN).map(status).collect();
            let more = objects.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("objects: {}{more}", shown.join(", "))
        }
        Record::Logged { message, .. } => format!("log: {message}"),
        Record::Judged { entry, side, evaluation, .. } => {
            let side = side.map_or("neither side".to_owned(), |side| side.to_string());
            let seen = evaluation.iter().flat_map(|evaluation| &evaluation.comparisons);
            let seen: Vec<_> = seen.map(ToString::to_string).collect();
            format!("object {entry} goes to {side}: {}", seen.join(", "))
        }
        Record::RetryScheduled { attempt, not_before, .. } => {
            let at = Duration::from_micros(u64::try_from(not_before.as_micros()).unwrap_or(0));
            format!("attempt {attempt} follows at {}", duration_text(at))
        }
        Record::NodeEnded { status, .. } => status.to_string(),
        Record::EmptyReached { .. } => "reached: an empty node".to_owned(),
        Record::NodeSkipped { .. } => "skipped".to_owned(),
        Record::Late { attempt, count: 1, .. } => format!("late answer of attempt {attempt}"),
        Record::Late { attempt, count, .. } => format!("late answer of attempt {attempt}, {count} by now"),
        Record::CancelRequested => "cancel requested".to_owned(),
        Record::RunTimedOut => "run timed out".to_owned(),
        Record::RunEnded { status, .. } => format!("run {status}"),
        // Kinds that are younger than this list are told by their own name.
        other => format!("{other:?}"),
    }
}

/// A duration as scripts write it, such as `1h 30m`. Days are the largest unit, because months differ.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let days = duration.as_secs() / DAY;
    let rest = duration - Duration::from_secs(days * DAY);
    match (days, rest) {
        (0, rest) => humantime::format_duration(rest).to_string(),
        (days, Duration::ZERO) => format!("{days}d"),
        (days, rest) => format!("{days}d {}", humantime::format_duration(rest)),
    }
}

/// Objects that are named in one line.
const SHOWN: usize = 4;
