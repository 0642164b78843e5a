//! What the reports of one attempt show.

use flowrun::{ObjectStatus, Outcome, Role};

use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::{Ending, Ran};
use crate::executor_suite::found::id;
use crate::executor_suite::verdict::{NOT_RETURNED, Verdict, verdict};

pub(super) fn ends(ran: &Ran) -> Verdict {
    verdict(!matches!(ran.ending, Ending::NotInTime), || {
        "it was still at work when patience ended".to_owned()
    })
}

pub(super) fn panics(ran: &Ran) -> Verdict {
    match &ran.ending {
        Ending::Panicked(message) => Verdict::Broken(format!("it panicked: {message}")),
        Ending::Returned(_) | Ending::Dropped | Ending::NotInTime => Verdict::Kept,
    }
}

pub(super) fn blocks(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    let (took, may) = (ran.longest_poll.as_millis(), suite.longest_poll.as_millis());
    verdict(took <= may, || format!("one took {took} ms, and {may} ms are allowed"))
}

pub(super) fn passes(ran: &Ran) -> Verdict {
    match ran.outcome() {
        None => NOT_RETURNED,
        Some(Outcome::Failed(failure)) => Verdict::Broken(format!("the attempt failed: {failure:?}")),
        Some(_) => {
            let failed: Vec<String> = ran
                .ids()
                .into_iter()
                .filter(|id| ran.last_status(id) == Some(ObjectStatus::Failed))
                .collect();
            let lines: Vec<&str> = ran.lines().take(5).collect();
            verdict(failed.is_empty(), || format!("objects {failed:?} failed; the log says {lines:?}"))
        }
    }
}

/// The entries that a receiver is handed are registered already.
pub(super) fn registers(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    if suite.role == Role::Receiver {
        return Verdict::NotJudged("its objects are handed over");
    }
    let mut done = None;
    let mut known = Vec::new();
    for object in ran.objects() {
        let id = id(object);
        if !known.contains(&id) {
            if let Some(done) = &done {
                return Verdict::Broken(format!("`{id}` was registered after `{done}` was done"));
            }
            if object.entry.status.is_terminal() {
                return Verdict::Broken(format!("`{id}` was done when it was first heard of"));
            }
            known.push(id);
        } else if object.entry.status.is_terminal() {
            done = Some(id);
        }
    }
    Verdict::Kept
}

pub(super) fn completes(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    if !matches!(ran.outcome(), Some(Outcome::Done)) {
        return Verdict::NotJudged("the attempt did not leave it to its objects");
    }
    let handed = suite.task("1", &suite.data);
    let handed = handed.objects().iter().filter(|_| suite.role == Role::Receiver);
    let handed = handed.filter_map(|object| object.entry.track_id.as_deref().map(str::to_owned));
    let is_open = |id: &String| !ran.last_status(id).is_some_and(ObjectStatus::is_terminal);
    let open: Vec<String> = handed.chain(ran.ids()).filter(is_open).collect();
    verdict(open.is_empty(), || format!("{open:?} were left working"))
}

pub(super) fn stays(ran: &Ran) -> Verdict {
    for of in ran.ids() {
        let statuses: Vec<_> =
            ran.objects().filter(|object| id(object) == of).map(|it| it.entry.status).collect();
        if let Some(pair) = statuses.windows(2).find(|pair| pair[0].is_terminal() && pair[0] != pair[1]) {
            return Verdict::Broken(format!("`{of}` was {:?} and became {:?}", pair[0], pair[1]));
        }
    }
    Verdict::Kept
}

pub(super) fn late(ran: &Ran) -> Verdict {
    verdict(ran.late.is_empty(), || format!("it said {:?}", ran.late.first()))
}

pub(super) fn lines(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    const LONGEST: usize = 4_096;
    let objects = ran.ids().len().max(1);
    let (count, may) = (ran.lines().count(), suite.max_lines * (objects + 1));
    let long = ran.lines().find(|line| line.len() > LONGEST).map(str::len);
    match long {
        Some(bytes) => Verdict::Broken(format!("a line has {bytes} bytes, and {LONGEST} are allowed")),
        None => {
            verdict(count <= may, || format!("{count} lines for {objects} objects, and {may} are allowed"))
        }
    }
}

pub(super) fn output(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    let may = suite.max_output;
    for object in ran.objects() {
        let facts = object.facts.as_ref().map_or(0, |facts| facts.attributes().to_string().len());
        if facts > may {
            let id = id(object);
            return Verdict::Broken(format!("the facts of `{id}` have {facts} bytes, and {may} are allowed"));
        }
    }
    Verdict::Kept
}

pub(super) fn secrets(suite: &ExecutorSuite, ran: &Ran) -> Verdict {
    if suite.secrets.is_empty() {
        return Verdict::NotJudged("no secret was given");
    }
    let mut places: Vec<(String, String)> = Vec::new();
    places.extend(ran.lines().map(|line| ("a log line".to_owned(), line.to_owned())));
    places.extend(ran.objects().map(|object| (format!("a report about `{}`", id(object)), json_of(object))));
    places.extend(ran.outcome().map(|outcome| ("the outcome".to_owned(), json_of(outcome))));
    let found = suite.executor().check(&suite.data.to_string());
    places.extend(found.iter().map(|problem| ("the answer to a check".to_owned(), format!("{problem:?}"))));
    for (name, value) in &suite.secrets {
        if let Some((place, _)) = places.iter().find(|(_, text)| text.contains(value)) {
            return Verdict::Broken(format!("the value of `{name}` stands in {place}"));
        }
    }
    Verdict::Kept
}

pub(super) fn json_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn same(first: &Ran, second: &Ran) -> Verdict {
    if !first.is_good() || !second.is_good() {
        return Verdict::NotJudged("an attempt failed");
    }
    let (first, second) = (first.ids(), second.ids());
    verdict(first == second, || format!("first {first:?}, then {second:?}"))
}
