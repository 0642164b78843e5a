//! What an executor makes of a node's data.

use flowrun::{ErrorClass, ObjectStatus, Outcome};
use serde_json::{Value, json};

use super::reports::passes;
use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::{Interference, Ran};
use crate::executor_suite::verdict::{NOT_RETURNED, Verdict, verdict};

pub(super) fn accepts(suite: &ExecutorSuite, data: &Value) -> Verdict {
    match suite.executor().check(&data.to_string()) {
        Ok(()) => Verdict::Kept,
        Err(refusal) => Verdict::Broken(format!("refused: {refusal}")),
    }
}

pub(super) fn refuses(suite: &ExecutorSuite) -> Verdict {
    if suite.bad.is_empty() {
        return Verdict::NotJudged("no bad data was given");
    }
    for bad in &suite.bad {
        match suite.executor().check(&bad.to_string()) {
            Ok(()) => return Verdict::Broken(format!("{bad} was accepted")),
            Err(refusal) if refusal.trim().is_empty() => {
                return Verdict::Broken(format!("{bad} was refused without a word"));
            }
            Err(_) => {}
        }
    }
    Verdict::Kept
}

pub(super) fn looks_twice(suite: &ExecutorSuite) -> Verdict {
    let executor = suite.executor();
    for data in std::iter::once(&suite.data).chain(&suite.bad) {
        let look = || executor.check(&data.to_string()).is_ok();
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
