//! Attempts that are stopped, dropped, made at once, or made on unusual objects.

use std::sync::Arc;

use flowrun::{ObjectStatus, Outcome, Role};
use futures::future::join_all;
use serde_json::json;

use super::effects::{effects, since};
use super::reports::completes;
use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::{Ending, Interference, Ran};
use crate::executor_suite::verdict::{NOT_RETURNED, Verdict, verdict};

/// Waits at which an attempt is dropped.
const DROPS: usize = 6;
/// Objects of the check with many.
const MANY: usize = 50;
/// Attempts at once.
const AT_ONCE: usize = 4;

/// Whether an attempt that was told to stop returns.
pub(super) fn obeys(plain: &Ran, stopped: &Ran) -> Verdict {
    match (&plain.ending, &stopped.ending) {
        (Ending::NotInTime | Ending::Panicked(_), _) => NOT_RETURNED,
        (_, Ending::NotInTime) => Verdict::Broken("it was still at work when patience ended".to_owned()),
        (_, Ending::Panicked(message)) => Verdict::Broken(format!("it panicked: {message}")),
        (_, Ending::Returned(_) | Ending::Dropped) => Verdict::Kept,
    }
}

pub(super) async fn drops(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if plain.outcome().is_none() || !plain.late.is_empty() {
        return NOT_RETURNED;
    }
    for after in 1..=DROPS {
        let ran = suite.attempt(suite.task("1", &suite.data), Interference::Drop(after)).await;
        if let Ending::Panicked(message) = &ran.ending {
            return Verdict::Broken(format!("dropped at wait {after}, it panicked: {message}"));
        }
        if let Some(report) = ran.late.first() {
            return Verdict::Broken(format!("dropped at wait {after}, it went on: {report:?}"));
        }
        if !matches!(ran.ending, Ending::Dropped) {
            break;
        }
    }
    Verdict::Kept
}

pub(super) async fn at_once(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if plain.outcome().is_none() {
        return NOT_RETURNED;
    }
    let executor = suite.executor();
    let nodes: Vec<String> = (1..=AT_ONCE).map(|number| format!("at-once-{number}")).collect();
    let together = join_all(nodes.iter().map(|node| {
        let task = suite.task(node, &suite.data);
        suite.attempt_by(Arc::clone(&executor), task, Interference::None)
    }));
    for (node, together) in nodes.iter().zip(together.await) {
        let alone = suite.attempt(suite.task(node, &suite.data), Interference::None).await;
        let (alone, together) = (alone.ids(), together.ids());
        if alone != together {
            return Verdict::Broken(format!("alone {alone:?}, at once with others {together:?}"));
        }
    }
    Verdict::Kept
}

const NO_RECEIVER: Verdict = Verdict::NotJudged("it is not handed any objects");

pub(super) async fn no_objects(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if !plain.is_good() {
        return Verdict::NotJudged("good data does not pass");
    }
    if !suite.role.takes_objects() {
        return NO_RECEIVER;
    }
    let before = effects(suite);
    let ran = suite.attempt(suite.task_on("1", &suite.data, &[]), Interference::None).await;
    let effects = since(&before, &effects(suite)).unwrap_or_default();
    match &ran.ending {
        Ending::Returned(Outcome::Failed(failure)) => Verdict::Broken(format!("it failed: {failure:?}")),
        Ending::Returned(_) => verdict(effects.is_empty() && ran.ids().is_empty(), || {
            format!("effects {effects:?}, {:?}", ran.ids())
        }),
        Ending::Panicked(message) => Verdict::Broken(format!("it panicked: {message}")),
        Ending::Dropped | Ending::NotInTime => Verdict::Broken("it did not end".to_owned()),
    }
}

pub(super) async fn any_text(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if plain.outcome().is_none() {
        return NOT_RETURNED;
    }
    if !suite.role.takes_objects() {
        return NO_RECEIVER;
    }
    let odd = json!({
        "type": "issue", "id": "二\u{202e}", "title": "é😀 \"'\\ </b> \u{7f}", "details": "",
        "status": "open", "score": 1, "page": {"id": "ü", "page_url": "https://ü.example/ä?ö=ß"},
    });
    let ran = suite.attempt(suite.task_on("ノード", &suite.data, &[odd]), Interference::None).await;
    match &ran.ending {
        Ending::Returned(_) => Verdict::Kept,
        Ending::Panicked(message) => Verdict::Broken(format!("it panicked: {message}")),
        Ending::Dropped | Ending::NotInTime => Verdict::Broken("it did not end".to_owned()),
    }
}

pub(super) async fn many(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    if !matches!(plain.outcome(), Some(Outcome::Done)) || completes(suite, plain) != Verdict::Kept {
        return Verdict::NotJudged("few objects are not done either");
    }
    let Some(facts) = suite.facts.first().filter(|_| suite.role == Role::Receiver) else {
        return NO_RECEIVER;
    };
    let task = suite.task_on("1", &suite.data, &vec![facts.clone(); MANY]);
    let ids: Vec<String> = task
        .objects()
        .iter()
        .filter_map(|object| object.entry.track_id.as_deref().map(str::to_owned))
        .collect();
    let ran = suite.attempt(task, Interference::None).await;
    let done = ids.iter().filter(|id| ran.last_status(id).is_some_and(ObjectStatus::is_terminal)).count();
    verdict(done == MANY, || format!("{done} of {MANY} were done"))
}
