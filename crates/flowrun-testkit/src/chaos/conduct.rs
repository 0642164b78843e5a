//! What one attempt of an executor says, and when.

use std::collections::VecDeque;
use std::time::Duration;

use flowrun_core::{
    ErrorClass, Facts, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Report, Task, Timestamp,
};
use serde_json::json;

use super::drawing::{Drawing, Kind};
use super::mischief::Misdeed;
use super::streams::{Stream, draw};
use flowrun_sim::random::Random;

/// An attempt at work.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// What it has still to say, the next one first; one that hangs has nothing more.
    pub(super) says: VecDeque<(Timestamp, Say)>,
    /// Whether it does not listen when it is told to stop.
    pub(super) is_deaf: bool,
    /// Whether it panics when it is dropped at work.
    pub(super) panics_in_drop: bool,
}

/// One thing that an attempt says.
#[derive(Clone, Debug)]
pub(super) enum Say {
    Report(Report),
    /// More than its host takes.
    Overrun,
    End(Outcome),
}

impl Act {
    /// What the attempt is going to do.
    pub(super) fn new(
        drawing: &Drawing,
        task: &Task,
        at: Timestamp,
        node: usize,
        misdeed: Option<Misdeed>,
    ) -> Self {
        let place = (node as u64) << 32 | u64::from(u32::from(task.attempt()));
        let mut random = draw(drawing.seed, Stream::Conduct, place);
        let mut takes = Duration::from_millis(random.one_of(&[0, 0, 0, 1, 40, 900, 2_500]));
        if let Some(Misdeed::Dawdles { takes: longer, .. }) = misdeed {
            takes = longer;
        }
        let objects = match misdeed {
            Some(Misdeed::YieldsNothing) => Vec::new(),
            _ => objects(drawing, task, node),
        };
        let registered = !drawing.nodes[node].kind.is_receiver() && !objects.is_empty();
        let mut says = Vec::new();
        if random.once_in(8) {
            says.push(Say::Report(Report::Log("a line".to_owned())));
        }
        if registered {
            says.push(Say::Report(Report::Objects(objects.iter().map(registering).collect())));
        }
        if misdeed == Some(Misdeed::Babbles) {
            let all: Vec<Say> =
                objects.iter().map(|entry| Say::Report(Report::Objects(vec![registering(entry)]))).collect();
            for _ in 0..BABBLED {
                says.push(Say::Report(Report::Log("a line".to_owned())));
                says.extend(all.iter().cloned());
            }
        }
        match misdeed {
            Some(Misdeed::Overstates) => says.extend(objects.first().map(overstated)),
            Some(Misdeed::Overruns) => says.push(Say::Overrun),
            _ => {}
        }
        let said_at_once = says.len();
        says.extend(last_words(drawing, objects, misdeed, &mut random));
        let when = |place| if place < said_at_once { at } else { at.after(takes) };
        Self {
            says: says.into_iter().enumerate().map(|(place, say)| (when(place), say)).collect(),
            is_deaf: matches!(
                misdeed,
                Some(
                    Misdeed::Hangs { deaf: true }
                        | Misdeed::Dawdles { deaf: true, .. }
                        | Misdeed::PanicsInDrop
                )
            ),
            panics_in_drop: misdeed == Some(Misdeed::PanicsInDrop),
        }
    }

    /// Its host hears nothing more of it but its end.
    pub(super) fn mute(&mut self) {
        self.says.retain(|(_, say)| matches!(say, Say::End(_)));
    }

    /// It was told to stop, and listens.
    pub(super) fn stop(&mut self, at: Timestamp) {
        let stopped = Outcome::failed("stopped").class(ErrorClass::Stopped);
        self.says = VecDeque::from([(at, Say::End(stopped))]);
    }

    /// An attempt that found out that the one before it had its effect.
    pub(super) fn found_done(task: Task, at: Timestamp) -> Self {
        let passed =
            |entry: ObjectEntry| ObjectReport { entry: entry.with_status(ObjectStatus::Passed), facts: None };
        let objects: Vec<ObjectReport> =
            task.objects().iter().map(|object| passed(object.entry.clone())).collect();
        let says = [Say::Report(Report::Objects(objects)), Say::End(Outcome::Passed)];
        Self { says: says.into_iter().map(|say| (at, say)).collect(), is_deaf: false, panics_in_drop: false }
    }

    /// An attempt that could not find out, and must not have the effect twice.
    pub(super) fn found_unknown(at: Timestamp) -> Self {
        let unknown =
            Outcome::failed("whether it had its effect cannot be found out").class(ErrorClass::Unknown);
        Self { says: VecDeque::from([(at, Say::End(unknown))]), is_deaf: false, panics_in_drop: false }
    }

    /// When it has something to say.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.says.front().map(|(at, _)| *at)
    }
}

/// How many times an attempt says everything that says it many times.
const BABBLED: usize = 30;

/// Bytes that are said of an object by an attempt that says too much of it: no run with a limit may keep them, and no
/// disk takes them.
const OVERSTATED: usize = 40_000;

/// The objects that the attempt works on, or makes; nodes share some of theirs.
fn objects(drawing: &Drawing, task: &Task, node: usize) -> Vec<ObjectEntry> {
    let handed = || task.objects().iter().map(|object| &object.entry);
    match drawing.nodes[node].kind {
        Kind::Slack | Kind::Webhook => handed().cloned().collect(),
        Kind::Issue => handed().map(|entry| made_of(entry.fact_id().unwrap_or_default())).collect(),
        Kind::Probe | Kind::Order | Kind::Pay | Kind::Empty => {
            let count = draw(drawing.seed, Stream::Conduct, node as u64).below(4) as usize;
            (0..count).map(|number| ObjectEntry::new("site", format!("o{}", (node + number) % 5))).collect()
        }
    }
}

fn made_of(object: &str) -> ObjectEntry {
    ObjectEntry::new(object, format!("i-{object}"))
}

fn registering(entry: &ObjectEntry) -> ObjectReport {
    ObjectReport { entry: entry.clone(), facts: None }
}

fn overstated(entry: &ObjectEntry) -> Say {
    let facts = Facts::new(json!({"type": "probe", "text": "x".repeat(OVERSTATED)}));
    Say::Report(Report::Objects(vec![ObjectReport { entry: entry.clone(), facts: Some(facts) }]))
}

/// How the objects end, and the attempt.
fn last_words(
    drawing: &Drawing,
    objects: Vec<ObjectEntry>,
    misdeed: Option<Misdeed>,
    random: &mut Random,
) -> Vec<Say> {
    let first = match misdeed {
        Some(Misdeed::Hangs { .. } | Misdeed::PanicsInDrop) => return Vec::new(),
        Some(Misdeed::Fails(class)) => return vec![Say::End(Outcome::failed("no luck").class(class))],
        Some(Misdeed::Yields(status)) => status,
        Some(Misdeed::Insists) => ObjectStatus::Failed,
        Some(
            Misdeed::Dawdles { .. }
            | Misdeed::YieldsNothing
            | Misdeed::Babbles
            | Misdeed::Overstates
            | Misdeed::Overruns,
        )
        | None => ObjectStatus::Passed,
    };
    let ended = |(place, entry): (usize, ObjectEntry)| {
        let facts = json!({"type": "probe", "score": drawing.score(entry.fact_id().unwrap_or_default())});
        let status = if place == 0 { first } else { ObjectStatus::Passed };
        ObjectReport { entry: entry.with_status(status), facts: Some(Facts::new(facts)) }
    };
    let mut objects: Vec<ObjectReport> = objects.into_iter().enumerate().map(ended).collect();
    let mut says = Vec::new();
    // Some say it of each object, some of all at once.
    if random.once_in(2) && objects.len() > 1 {
        let rest = objects.split_off(1);
        says.push(Say::Report(Report::Objects(std::mem::replace(&mut objects, rest))));
    }
    if !objects.is_empty() {
        says.push(Say::Report(Report::Objects(objects)));
    }
    let insists = misdeed == Some(Misdeed::Insists);
    says.push(Say::End(if insists { Outcome::Passed } else { Outcome::Done }));
    says
}
