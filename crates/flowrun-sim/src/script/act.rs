//! What one attempt does.

use std::time::Duration;

use flowrun_core::{ErrorClass, Facts, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Report, Role, Task};

use super::typical::{Made, Typical};
use super::{Behaviour, End, Script, ScriptObject};
use crate::random::Random;

/// One attempt, from its first report to its end. Whoever plays it has to play all of it, so a part that is
/// added is a breaking change.
#[derive(Clone, Debug)]
pub struct Act {
    /// What it reports as it begins.
    pub first: Vec<Report>,
    /// How long it then takes.
    pub after: Duration,
    /// What it reports as it ends.
    pub last: Vec<Report>,
    /// How it ends.
    pub end: ActEnd,
    /// Whether it does not listen when it is told to stop.
    pub deaf: bool,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActEnd {
    /// It returns.
    Returns(Outcome),
    /// It panics with this message.
    Panics(String),
    /// It never returns by itself.
    Hangs,
}

impl Act {
    /// How an attempt ends that was told to stop and listens.
    #[must_use]
    pub fn stopped() -> Outcome {
        Outcome::failed("stopped").class(ErrorClass::Stopped)
    }
}

impl Script {
    /// What this attempt does. The same script, task and attempt give the same act.
    #[must_use]
    pub fn act(&self, task: &Task, role: Role) -> Act {
        self.act_with(task, role, &mut Typical::default())
    }

    /// The same, for a caller who keeps the typical facts of many attempts.
    pub(crate) fn act_with(&self, task: &Task, role: Role, typical: &mut Typical) -> Act {
        let (node, attempt) = (task.node(), task.attempt().number());
        let behaviour = self.behaviour(&node, &task.task_type(), attempt);
        let end = end_of(behaviour, self.is_flaky(behaviour, &node, attempt));
        let objects = objects(behaviour, task, role, &end, typical);
        let working = |made: &Made| ObjectReport { entry: made.entry.clone(), facts: None };
        let lines = behaviour.log.iter().cloned().map(Report::Log);
        let mut first: Vec<Report> = lines.collect();
        // A receiver's own entries stand in its list already.
        let new: Vec<_> = objects.iter().filter(|made| made.is_new).map(working).collect();
        if !new.is_empty() {
            first.push(Report::Objects(new));
        }
        let is_told = matches!(end, ActEnd::Returns(_)) && !objects.is_empty();
        let ended = || objects.into_iter().map(|made| made.ended());
        Act {
            first,
            after: behaviour.after.unwrap_or_default(),
            last: if is_told { vec![Report::Objects(ended().collect())] } else { Vec::new() },
            end,
            deaf: behaviour.deaf,
        }
    }

    fn is_flaky(&self, behaviour: &Behaviour, node: &str, attempt: u32) -> bool {
        if behaviour.flaky <= 0.0 {
            return false;
        }
        let place = node
            .bytes()
            .fold(u64::from(attempt), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        let drawn = Random::at(self.seed, place).below(1_000_000);
        f64::from(drawn) < behaviour.flaky * 1e6
    }
}

/// What an attempt returns that listened when it was told to stop.
fn end_of(behaviour: &Behaviour, is_flaky: bool) -> ActEnd {
    let message = |otherwise: &str| behaviour.message.clone().unwrap_or_else(|| otherwise.to_owned());
    if is_flaky {
        return ActEnd::Returns(Outcome::failed("flaky, says the script").retryable());
    }
    match behaviour.end {
        End::Done => ActEnd::Returns(Outcome::Done),
        End::Passed => ActEnd::Returns(Outcome::Passed),
        End::Failed => {
            let class = behaviour.class.unwrap_or(ErrorClass::Transient);
            ActEnd::Returns(Outcome::failed(message("failed, says the script")).class(class))
        }
        End::Panic => ActEnd::Panics(message("says the script")),
        End::Hang => ActEnd::Hangs,
    }
}

/// The objects of the attempt, those it is handed first.
fn objects(behaviour: &Behaviour, task: &Task, role: Role, end: &ActEnd, typical: &mut Typical) -> Vec<Made> {
    let status = match end {
        ActEnd::Returns(Outcome::Failed(_)) => ObjectStatus::Failed,
        ActEnd::Returns(_) | ActEnd::Panics(_) | ActEnd::Hangs => ObjectStatus::Passed,
    };
    let mut listed = Listed::new(behaviour.objects.as_deref(), status);
    let mut made = Vec::new();
    match role {
        Role::Receiver => {
            for object in task.objects() {
                made.push(listed.handed(object.entry.clone()));
            }
        }
        Role::Producer | Role::Converter if listed.is_given() => {}
        Role::Producer | Role::Converter => {
            return typical.objects(task, role).map(|made| made.with_status(status)).collect();
        }
    }
    made.extend(listed.rest(task, typical));
    made
}

/// The objects that a script lists, as they are taken from it.
struct Listed<'a> {
    objects: Option<&'a [ScriptObject]>,
    /// The next one, and how many of it were taken.
    next: (usize, u32),
    status: ObjectStatus,
}

impl<'a> Listed<'a> {
    const fn new(objects: Option<&'a [ScriptObject]>, status: ObjectStatus) -> Self {
        Self { objects, next: (0, 0), status }
    }

    const fn is_given(&self) -> bool {
        self.objects.is_some()
    }

    fn take(&mut self) -> Option<&'a ScriptObject> {
        loop {
            let object = self.objects?.get(self.next.0)?;
            if self.next.1 < object.count.unwrap_or(1) {
                self.next.1 += 1;
                return Some(object);
            }
            self.next = (self.next.0 + 1, 0);
        }
    }

    /// Ends an entry that was handed over; the last one listed goes for all that follow.
    fn handed(&mut self, entry: ObjectEntry) -> Made {
        let said = self.take().or_else(|| self.objects?.last());
        let status = said.and_then(|object| object.status).unwrap_or(self.status);
        let facts = said.and_then(|object| object.facts.clone()).map(|facts| Facts::new(facts.into()));
        Made { entry, status, facts, is_new: false }
    }

    /// Makes the objects that are left.
    fn rest(mut self, task: &Task, typical: &mut Typical) -> Vec<Made> {
        let mut made = Vec::new();
        while let Some(object) = self.take() {
            let one = typical.object(task, made.len() + 1, object.id.as_deref());
            let status = object.status.unwrap_or(self.status);
            made.push(one.with_facts_over(object.facts.as_ref()).with_status(status));
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use flowrun_core::{Site, TaskObject};

    use super::*;

    fn act(script: &str, task_type: &str, handed: &[&str]) -> Act {
        let task = Task::detached("4", task_type, "{}", Site::new("https://a.example")).unwrap();
        let object = |id: &&str| TaskObject { entry: ObjectEntry::new("p", *id), facts: None };
        let task = task.with_objects(handed.iter().map(object));
        let role = if handed.is_empty() { Role::Producer } else { Role::Receiver };
        Script::parse(script).unwrap().act(&task, role)
    }

    fn statuses(act: &Act) -> Vec<String> {
        let [Report::Objects(objects)] = &act.last[..] else { return Vec::new() };
        let status = |report: &ObjectReport| {
            format!("{} {:?}", report.entry.id.as_deref().unwrap_or_default(), report.entry.status)
        };
        objects.iter().map(status).collect()
    }

    #[test]
    fn objects_are_registered_first_and_ended_last() {
        let act = act("", "scan", &[]);
        let [Report::Objects(first)] = &act.first[..] else { panic!("{:?}", act.first) };
        assert_eq!(first[0].entry.status, ObjectStatus::Working);
        assert_eq!(statuses(&act), ["scan-4-1 Passed"]);
    }

    #[test]
    fn handed_objects_end_as_listed_and_the_last_one_goes_for_the_rest() {
        let list = "[nodes.4]\nobjects = [{ status = 'failed' }, { status = 'incomplete' }]";
        assert_eq!(statuses(&act(list, "slack", &["a"])), ["a Failed", "slack-4-1 Incomplete"]);
        assert_eq!(
            statuses(&act(list, "slack", &["a", "b", "c"])),
            ["a Failed", "b Incomplete", "c Incomplete"]
        );
        assert_eq!(statuses(&act("", "slack", &["a", "b"])), ["a Passed", "b Passed"]);
        assert_eq!(statuses(&act("[nodes.4]\nend = 'failed'", "slack", &["a"])), ["a Failed"]);
    }

    #[test]
    fn an_attempt_that_does_not_return_leaves_its_objects_working() {
        for end in ["panic", "hang"] {
            let act = act(&format!("[default]\nend = '{end}'"), "scan", &[]);
            assert_eq!((act.first.len(), act.last.len()), (1, 0), "{end}");
        }
    }

    #[test]
    fn about_as_many_attempts_are_flaky_as_the_chance_says() {
        let script = Script::parse("seed = 3\n[default]\nflaky = 0.25").unwrap();
        let flaky = (0..1_000).filter(|node| script.is_flaky(&script.default, &node.to_string(), 1)).count();
        assert!((200..300).contains(&flaky), "{flaky}");
    }
}
