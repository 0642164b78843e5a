//! What an executor makes of a node's data.

use flowrun::{ErrorClass, NodeProblem, ObjectStatus, Outcome};
use serde_json::{Value, json};

use super::reports::passes;
use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::{Interference, Ran};
use crate::executor_suite::verdict::{NOT_RETURNED, Verdict, verdict};

pub(super) fn accepts(suite: &ExecutorSuite, data: &Value) -> Verdict {
    match errors(suite, data).first() {
        None => Verdict::Kept,
        Some(refusal) => Verdict::Broken(format!("refused: {}", refusal.message)),
    }
}

pub(super) fn refuses(suite: &ExecutorSuite) -> Verdict {
    if suite.bad.is_empty() {
        return Verdict::NotJudged("no bad data was given");
    }
    for bad in &suite.bad {
        let refusals = errors(suite, bad);
        if refusals.is_empty() {
            return Verdict::Broken(format!("{bad} was accepted"));
        }
        for refusal in refusals {
            if refusal.message.trim().is_empty() || refusal.code.is_empty() {
                return Verdict::Broken(format!("{bad} was refused without a word"));
            }
            let is_below_data = refusal.pointer.is_empty() || refusal.pointer.starts_with("/data/");
            if !is_below_data {
                return Verdict::Broken(format!("`{}` is no key of the node's data", refusal.pointer));
            }
        }
    }
    Verdict::Kept
}

/// What refuses a node with this data.
fn errors(suite: &ExecutorSuite, data: &Value) -> Vec<NodeProblem> {
    let mut found = suite.executor().check(&data.to_string());
    found.retain(NodeProblem::is_error);
    found
}

pub(super) fn looks_twice(suite: &ExecutorSuite) -> Verdict {
    let executor = suite.executor();
    for data in std::iter::once(&suite.data).chain(&suite.bad) {
        let look = || executor.check(&data.to_string());
        if look() != look() {
            return Verdict::Broken(format!("two answers about {data}"));
        }
    }
    Verdict::Kept
}

pub(super) async fn unknown_keys(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if passes(plain) != Verdict::Kept || accepts(suite, &suite.data) != Verdict::Kept {
        return Verdict::NotJudged("good data does not pass");
    }
    let mut data = suite.data.clone();
    data["unknown_to_all"] = json!({"nested": [1, "二", null]});
    if let Verdict::Broken(how) = accepts(suite, &data) {
        return Verdict::Broken(how);
    }
    passes(&suite.attempt(suite.task("1", &data), Interference::None).await)
}

pub(super) async fn failure(suite: &ExecutorSuite) -> Verdict {
    let Some(data) = &suite.failing else { return Verdict::NotJudged("no failing data was given") };
    let ran = suite.attempt(suite.task("1", data), Interference::None).await;
    let has_line = ran.lines().next().is_some();
    match ran.outcome() {
        None => NOT_RETURNED,
        Some(Outcome::Failed(failure)) => match failure.class {
            ErrorClass::Panic | ErrorClass::Stopped => {
                Verdict::Broken(format!("`{:?}` is the engine's to say", failure.class))
            }
            _ => verdict(has_line || failure.message.is_some(), || "it failed without a word".to_owned()),
        },
        Some(_) => {
            let failed = ran.ids().iter().any(|id| ran.last_status(id) == Some(ObjectStatus::Failed));
            verdict(failed && has_line, || "neither the attempt nor an object failed with a line".to_owned())
        }
    }
}
