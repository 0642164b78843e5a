//! Calls an executor the way an engine does and keeps what it reported.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun::{
    DetachedRun, ErrorClass, Facts, ObjectEntry, ObjectStatus, Origin, Outcome, Report, SecretSource, Site,
    Task, TaskExecutor, TaskObject,
};
use flowrun_guard::{Endpoint, Guard};

/// What one attempt reported.
pub struct Ran {
    pub outcome: Outcome,
    pub lines: Vec<String>,
    /// Every status reported for an object, in order, by the object's id.
    pub statuses: BTreeMap<String, Vec<ObjectStatus>>,
    /// The last entry of an object, by its id.
    pub entries: BTreeMap<String, ObjectEntry>,
    /// The last facts of an object, by its id.
    pub facts: BTreeMap<String, Facts>,
    /// The ids in the order of their first report.
    pub order: Vec<String>,
}

impl Ran {
    /// The last status of the one object. What an attempt that failed left undone counts as failed, as it does
    /// when no other attempt follows.
    pub fn status(&self) -> ObjectStatus {
        if self.order.is_empty() && matches!(self.outcome, Outcome::Failed(_)) {
            return ObjectStatus::Failed;
        }
        let [id] = &self.order[..] else { panic!("one object, not {:?}", self.order) };
        *self.statuses[id].last().unwrap()
    }

    /// How the attempt failed, and after which wait another one may follow.
    pub fn failure(&self) -> Option<(ErrorClass, Option<std::time::Duration>)> {
        match &self.outcome {
            Outcome::Failed(failure) => Some((failure.class, failure.retry_after)),
            Outcome::Done | Outcome::Passed => None,
        }
    }

    /// The lines with every occurrence of `hidden` replaced.
    pub fn lines_without(&self, hidden: &[(&str, &str)]) -> Vec<String> {
        let replace =
            |line: &String| hidden.iter().fold(line.clone(), |line, (from, to)| line.replace(from, to));
        self.lines.iter().map(replace).collect()
    }
}

/// Secrets by name.
pub struct Secrets(pub &'static [(&'static str, &'static str)]);

impl SecretSource for Secrets {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}

pub const NO_SECRETS: Secrets = Secrets(&[]);

/// Runs one attempt to its end.
pub async fn run(executor: impl TaskExecutor, task: Task, secrets: Secrets) -> Ran {
    let mut run = DetachedRun::new(&task, Arc::new(secrets));
    let outcome = Arc::new(executor).execute(task, run.context()).await;
    let mut ran = Ran {
        outcome,
        lines: Vec::new(),
        statuses: BTreeMap::new(),
        entries: BTreeMap::new(),
        facts: BTreeMap::new(),
        order: Vec::new(),
    };
    for report in run.reports() {
        match report {
            Report::Log(line) => ran.lines.push(line),
            Report::Objects(objects) => {
                for object in objects {
                    let id = object.entry.id.as_deref().unwrap_or_default().to_owned();
                    if !ran.order.contains(&id) {
                        ran.order.push(id.clone());
                    }
                    ran.statuses.entry(id.clone()).or_default().push(object.entry.status);
                    ran.entries.insert(id.clone(), object.entry);
                    if let Some(facts) = object.facts {
                        ran.facts.insert(id, facts);
                    }
                }
            }
        }
    }
    ran
}

/// A task of a receiver, with one object per given facts: `scan-1`, `scan-2` …
pub fn task(task_type: &str, data: &serde_json::Value, objects: &[serde_json::Value]) -> Task {
    let site = Site::new("https://a.example").with_id("site");
    let object = |(number, facts): (i32, &serde_json::Value)| TaskObject {
        entry: ObjectEntry::new("page", format!("scan-{number}")),
        facts: Some(Facts::new(facts.clone())),
    };
    let task = Task::detached("2", task_type, data.to_string(), site).unwrap();
    task.with_objects((1..).zip(objects).map(object))
}

/// A guard that lets requests out to these addresses.
pub fn guard(addresses: &[std::net::SocketAddr]) -> Guard {
    let endpoint = |address: &std::net::SocketAddr| address.to_string().parse::<Endpoint>().unwrap();
    let builder = addresses.iter().fold(Guard::builder(), |builder, one| builder.allow(endpoint(one)));
    builder.build().unwrap()
}

/// What a check found: for each problem whose it is to mend, where it is, and what is said.
pub fn found(executor: &impl TaskExecutor, data: &str) -> Vec<(Origin, String, String)> {
    let problems = executor.check(data).into_iter();
    problems.map(|problem| (problem.origin, problem.pointer, problem.message)).collect()
}

pub fn in_flow(pointer: &str, message: &str) -> (Origin, String, String) {
    (Origin::Flow, pointer.to_owned(), message.to_owned())
}

pub fn in_settings(message: &str) -> (Origin, String, String) {
    (Origin::Settings, String::new(), message.to_owned())
}
