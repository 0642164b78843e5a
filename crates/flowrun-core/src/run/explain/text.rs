//! Explanations in words that a person reads once.

use super::value::{
    AttemptEnd, AttemptExplanation, EdgeExplanation, EdgeReason, ExplainedState, JudgedComparison,
    JudgedObject, NodeExplanation, Reason, RunExplanation, Stop,
};
use crate::condition::{Operand, Operator, Seen};
use crate::model::shown;
use crate::run::RunState;
use crate::task::ErrorClass;

/// What is to be known of the run.
pub(super) fn of_run(run: &RunExplanation, at: u64, paused: u64) -> String {
    if at == 0 {
        return "The run has not begun.".to_owned();
    }
    let mut text = match (run.state, run.ended) {
        (RunState::Paused { at_rest }, _) => {
            let rest = if at_rest { ", and nothing is at work" } else { "" };
            format!("The run is paused (record {paused}){rest}.")
        }
        (RunState::AwaitingPerson { .. }, _) => {
            "The run waits for a person: resume it to let the nodes go on that are held.".to_owned()
        }
        (state, Some(record)) => format!("The run {} (record {record}).", ended(state)),
        (_, None) => "The run is working.".to_owned(),
    };
    if let Some(stop) = &run.stopped {
        text.push_str(&format!(" Nothing new started once {}.", stopped(stop)));
    }
    if run.state == RunState::Failed {
        let first: Vec<String> = run.failed.iter().take(3).map(|node| quoted(node)).collect();
        let more = run.failed.len() - first.len();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        if !first.is_empty() {
            text.push_str(&format!(" Failed: {}{more}.", first.join(", ")));
        }
    }
    text
}

const fn ended(state: RunState) -> &'static str {
    match state {
        RunState::Passed => "passed: no node failed",
        RunState::Failed => "failed",
        RunState::Cancelled => "was cancelled",
        RunState::Working | RunState::Paused { .. } | RunState::AwaitingPerson { .. } | RunState::Lost => {
            "is open"
        }
    }
}

/// Why a node is as it is.
pub(super) fn of_node(node: &NodeExplanation) -> String {
    let id = quoted(&node.node);
    let record = node.record.unwrap_or_default();
    let mut text = match node.state {
        ExplainedState::Skipped => format!("{id} was skipped (record {record}): {}", edges(node)),
        ExplainedState::Empty => {
            format!("{id} has no task and ends its branch (record {record})")
        }
        ExplainedState::NotReached => format!("{id} never had its turn"),
        ExplainedState::Queued => format!("{id} has not started"),
        ExplainedState::Working
        | ExplainedState::Waiting
        | ExplainedState::Passed
        | ExplainedState::Failed => {
            let visit =
                if node.visit > 1 { format!(" once more (visit {})", node.visit) } else { String::new() };
            let started = node.started.unwrap_or_default();
            format!("{id} started{visit} (record {started}) {}", why_started(node))
        }
    };
    match node.state {
        ExplainedState::Working => {
            let attempt = node.attempts.last().map_or_else(String::new, |last| last.attempt.to_string());
            text.push_str(&format!(". It is at work, attempt {attempt} (record {record})"));
        }
        ExplainedState::Passed => text.push_str(&format!(". It passed (record {record})")),
        ExplainedState::Failed => text.push_str(&format!(". It failed (record {record})")),
        ExplainedState::Waiting => text.push_str(&format!(". It waits (record {record})")),
        ExplainedState::Queued
        | ExplainedState::NotReached
        | ExplainedState::Skipped
        | ExplainedState::Empty => {}
    }
    let reasons: Vec<String> = node.because.iter().filter_map(reason).collect();
    if !reasons.is_empty() {
        text.push_str(": ");
        text.push_str(&reasons.join("; "));
    }
    text.push('.');
    if let [earlier @ .., _] = &*node.attempts
        && !earlier.is_empty()
    {
        let earlier: Vec<String> = earlier.iter().take(3).map(attempt).collect();
        let more = node.attempts.len() - 1 - earlier.len();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        text.push_str(&format!(" Attempts before: {}{more}.", earlier.join(", ")));
    }
    text
}

fn why_started(node: &NodeExplanation) -> String {
    if node.edges.is_empty() { "with the run".to_owned() } else { format!("because {}", edges(node)) }
}

/// The edges that decided: those that were taken, or else all of them.
fn edges(node: &NodeExplanation) -> String {
    let any_taken = node.edges.iter().any(|edge| edge.taken == Some(true));
    let deciding: Vec<&EdgeExplanation> =
        node.edges.iter().filter(|edge| !any_taken || edge.taken == Some(true)).collect();
    let first: Vec<String> = deciding.iter().take(3).map(|edge| self::edge(edge)).collect();
    let more = deciding.len() - first.len();
    let more = match more {
        0 => String::new(),
        1 => "; and so is one more edge".to_owned(),
        more => format!("; and so are {more} more edges"),
    };
    format!("{}{more}", first.join("; "))
}

fn edge(edge: &EdgeExplanation) -> String {
    let from = quoted(&edge.from);
    match &edge.why {
        EdgeReason::NotDone { state } => format!("{from} above it {}", state_of(*state)),
        EdgeReason::Stopped { stop } => format!("{from} above it ended when {}", stopped(stop)),
        EdgeReason::Ended { status, record } => format!("{from} above it {status} (record {record})"),
        EdgeReason::Conditions { side, count, objects } => {
            conditions(&from, *side, edge.taken == Some(true), *count, objects)
        }
        EdgeReason::NoObjects { record } => {
            format!("{from} above it ended without an object for its conditions (record {record})")
        }
        EdgeReason::StartIfNull => {
            format!("it stands below the conditions of {from}, and its `start_if` is null")
        }
        EdgeReason::Empty { record } => format!("{from} above it is empty (record {record})"),
        EdgeReason::Skipped { record } => format!("{from} above it was skipped (record {record})"),
    }
}

fn conditions(from: &str, side: bool, taken: bool, count: usize, objects: &[JudgedObject]) -> String {
    let Some(first) = objects.first() else { return format!("no object of {from} went to {side}") };
    let why = judged(first);
    let object = quoted(&first.object);
    let record = first.record;
    match (taken, count) {
        (true, 1) => format!("object {object} of {from} went to {side} (record {record}): {why}"),
        (true, count) => format!(
            "{count} objects of {from} went to {side}, the first of them {object} (record {record}): {why}"
        ),
        (false, 1) => {
            format!("object {object} of {from} did not go to {side} (record {record}): {why}")
        }
        (false, count) => format!(
            "none of {count} objects of {from} went to {side}, the first of them {object} (record {record}): {why}"
        ),
    }
}

/// What decided about an object.
fn judged(object: &JudgedObject) -> String {
    let decisive: Vec<String> =
        object.comparisons.iter().filter(|judged| judged.decisive).map(comparison).collect();
    match (object.side, decisive.is_empty()) {
        (None, _) => "a test that was given up goes to neither side".to_owned(),
        (Some(_), true) => "what was compared was too much to be recorded".to_owned(),
        (Some(_), false) => decisive.join(", and "),
    }
}

/// ``health is 42.0, which is not >= 80.0``
fn comparison(judged: &JudgedComparison) -> String {
    let compared = &judged.comparison;
    let key = shown(&compared.key);
    let operator = compared.operator.map_or("?", Operator::sign);
    match &compared.seen {
        Seen::Compared { left, right, holds } => {
            let not = if *holds { "" } else { "not " };
            let left = match left {
                Operand::Missing => "is missing and counts as 0".to_owned(),
                Operand::Number(_) | Operand::Text(_) => format!("is {left}"),
            };
            format!("{key} {left}, which is {not}{operator} {right}")
        }
        Seen::NotEvaluable { warning } => format!("{key} {operator} … counts as false: {warning}"),
        Seen::NotReached => format!("{key} {operator} … was not needed"),
    }
}

fn reason(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::RunNotStarted => "the run has not begun".to_owned(),
        Reason::NodesAbove { nodes } => {
            let first: Vec<String> = nodes.iter().take(3).map(|node| quoted(node)).collect();
            let more = nodes.len() - first.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("it waits for {}{more}", first.join(", "))
        }
        Reason::AboutToStart => "it is next".to_owned(),
        Reason::Paused { record } => format!("the run is paused (record {record})"),
        Reason::RunIsFull { most: Some(most) } => {
            let are = if *most == 1 { "is" } else { "are" };
            format!(
                "{} of the run may be at work at a time (`max_concurrent`), and {are}",
                many(*most as usize, "attempt")
            )
        }
        Reason::RunIsFull { most: None } => "its turn is about to come".to_owned(),
        Reason::Slot => "the host has no slot for it yet".to_owned(),
        Reason::Retry { attempt, class, not_before } => format!(
            "the attempt before failed, {}; attempt {attempt} starts at {}",
            class_of(*class),
            not_before.naive()
        ),
        Reason::Person => {
            "nobody can know whether it had its effect, so a person has to resume the run".to_owned()
        }
        Reason::Stopped { stop } => stopped(stop),
        Reason::NothingToSend => "it was handed no objects, so there was nothing to send".to_owned(),
        Reason::Flaky => "after an attempt that had failed".to_owned(),
        // The sentence says so already.
        Reason::NoTask => return None,
        Reason::FailedObjects { count, objects } => {
            let first = objects.first();
            let record = first.and_then(|first| first.record);
            let record = record.map_or_else(String::new, |record| format!(" (record {record})"));
            let first = first.map_or_else(String::new, |first| quoted(&first.object));
            match count {
                1 => format!("its object {first} failed{record}"),
                count => format!("{count} of its objects failed, the first of them {first}{record}"),
            }
        }
        Reason::UnfinishedObjects { count } => {
            format!("it ended with {} still working", many(*count, "object"))
        }
        Reason::TooManyObjects { most } => format!("it had more than {}", many(*most, "object")),
        Reason::Executor => "its executor says so, and no more than that".to_owned(),
        Reason::Line { record, message } => {
            format!("its last line is \"{}\" (record {record})", shown(message))
        }
    })
}

fn stopped(stop: &Stop) -> String {
    match stop {
        Stop::NodeFailed { node, record } => {
            format!("{} had failed (record {record}), which ends this run (`end_on_fail`)", quoted(node))
        }
        Stop::Cancelled { record } => format!("the run was cancelled (record {record})"),
        Stop::TimedOut { record } => format!("the time of the run was over (record {record})"),
    }
}

fn attempt(attempt: &AttemptExplanation) -> String {
    let how = match attempt.how {
        AttemptEnd::Working => "is at work".to_owned(),
        AttemptEnd::Passed => "passed".to_owned(),
        AttemptEnd::Failed => "failed".to_owned(),
        AttemptEnd::FailedAs(class) => format!("failed, {}", class_of(class)),
        AttemptEnd::Lost => "was lost with its process".to_owned(),
        AttemptEnd::Unknown => "ended without anybody knowing how".to_owned(),
    };
    let record = attempt.ended.map_or_else(String::new, |record| format!(" (record {record})"));
    format!("{} {how}{record}", attempt.attempt)
}

const fn class_of(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Transient => "for a reason that may pass",
        ErrorClass::Partial => "with a part done",
        ErrorClass::Permanent => "for good",
        ErrorClass::Unknown => "without an answer",
        ErrorClass::Timeout => "as its time was over",
        ErrorClass::Panic => "with a panic",
        ErrorClass::Stopped => "as it was told to stop",
    }
}

const fn state_of(state: ExplainedState) -> &'static str {
    match state {
        ExplainedState::Queued => "has not started",
        ExplainedState::Working => "is at work",
        ExplainedState::Waiting => "waits",
        ExplainedState::Passed => "passed",
        ExplainedState::Failed => "failed",
        ExplainedState::Skipped => "was skipped",
        ExplainedState::Empty => "is empty",
        ExplainedState::NotReached => "never had its turn",
    }
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn quoted(id: &str) -> String {
    format!("`{}`", shown(id))
}
