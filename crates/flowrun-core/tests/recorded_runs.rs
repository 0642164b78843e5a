//! Runs recorded from the public original, replayed on the state machine.
//!
//! Every case without a `reference_defect` must come out as recorded, but for two differences that run through
//! all of them: entries that are handed on start as `working` (D1), and a message is one line where the original
//! cuts it at commas (D19). Cases with a defect are replayed too and must end; what they record is no
//! requirement as a whole and is not compared here.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowrun_core::{
    Attempt, Command, ErrorClass, Event, Facts, Flow, NodeIx, ObjectEntry, ObjectReport, ObjectStatus,
    Outcome, Plan, Report, Run, RunId, RunSpec, RunStatus, Site, TaskTypes, Timestamp,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

const RUN: &str = "0e5e0000-0000-4000-8000-0000000000aa";
const AT: Timestamp = Timestamp::EPOCH;

struct Replay {
    run: Run,
    domain: Value,
    /// The updates each node's task has still to send, and whether one of them said `failed`.
    scripts: BTreeMap<String, (Vec<Value>, bool)>,
    attempts: BTreeMap<usize, Attempt>,
    dispatched: Vec<Value>,
}

impl Replay {
    fn new(case: &Value) -> Option<Self> {
        let flow = Flow::from_json(case["flow"].to_string()).unwrap();
        let plan = Plan::new(&flow, &TaskTypes::documented()).ok()?;
        let site: Site = serde_json::from_value(case["site"].clone()).unwrap();
        let configs = [&case["configs"], &case["account_configs"]].into_iter().find(|value| !value.is_null());
        let mut spec = RunSpec::new(RUN.parse::<RunId>().unwrap(), AT, site);
        spec.configs = configs.map(|configs| RawValue::from_string(configs.to_string()).unwrap());
        let scripts = case["script"]["nodes"].as_object().into_iter().flatten();
        let scripts = scripts.map(|(id, list)| (id.clone(), (list.as_array().unwrap().clone(), false)));
        let mut replay = Self {
            run: Run::new(Arc::new(plan), spec),
            domain: case["script"]["domain"].clone(),
            scripts: scripts.collect(),
            attempts: BTreeMap::new(),
            dispatched: Vec::new(),
        };
        replay.handle(Event::Started);
        for id in case["script"]["order"].as_array().into_iter().flatten() {
            replay.update(id.as_str().unwrap());
        }
        Some(replay)
    }

    fn handle(&mut self, event: Event) {
        let Ok(decision) = self.run.handle(AT, event) else { return };
        let commands: Vec<Command> = decision.commands.into();
        for command in commands {
            if let Command::Start { node, attempt } = command {
                self.attempts.insert(node.index(), attempt);
                self.dispatch(node, attempt);
            }
        }
    }

    fn dispatch(&mut self, node: NodeIx, attempt: Attempt) {
        let task = self.run.task(node, attempt);
        let mut seen = json!({"node": task.node(), "node_index": node.index(), "task": task.task_type()});
        if matches!(&*task.task_type(), "scan" | "test" | "case" | "report") {
            seen["resources"] = serde_json::to_value(&task.resources).unwrap();
        } else {
            let objects = task.objects.iter().map(|object| serde_json::to_value(&object.entry).unwrap());
            seen["objects"] = objects.collect();
        }
        self.dispatched.push(seen);
    }

    fn update(&mut self, id: &str) {
        let Some((updates, _)) = self.scripts.get_mut(id).filter(|(updates, _)| !updates.is_empty()) else {
            return;
        };
        let update = updates.remove(0);
        let is_last = updates.is_empty();
        let index = match &update["node_index"] {
            Value::Number(number) => number.as_u64().map(|number| number as usize),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let last_step = || self.run.logs().last().map(|line| line.step.clone());
        let named = if id == "run" { last_step() } else { Some(id.to_owned()) };
        let node = index.map(NodeIx::new).or_else(|| self.run.plan().find(&named?));
        let Some(node) = node else { return };
        let attempt = self.attempts.get(&node.index()).copied().unwrap_or(Attempt::FIRST);
        let objects = update["objects"].as_array().filter(|objects| !objects.is_empty());
        if let Some(objects) = objects {
            let reports = objects.iter().map(|entry| self.report(entry)).collect();
            self.handle(Event::Reported { node, attempt, report: Report::Objects(reports) });
        }
        if let Some(message) = update["message"].as_str() {
            self.handle(Event::Reported { node, attempt, report: Report::Log(message.to_owned()) });
        }
        let status = update["node_status"].as_str();
        let failed = {
            let entry = self.scripts.get_mut(id).unwrap();
            entry.1 |= status == Some("failed");
            entry.1
        };
        let (entries, is_final) = (self.run.objects(node), matches!(status, Some("passed" | "failed")));
        let works = entries.iter().any(|entry| entry.status == ObjectStatus::Working);
        let says_something = objects.is_some() || status.is_some();
        let returns =
            (says_something && !works && (!entries.is_empty() || is_final)) || (is_last && is_final);
        if returns {
            let outcome = match (failed, works) {
                (true, _) => Outcome::Failed(Box::new(flowrun_core::Failure {
                    class: ErrorClass::Permanent,
                    message: None,
                    retry_after: None,
                })),
                (false, true) => Outcome::Passed,
                (false, false) => Outcome::Done,
            };
            self.handle(Event::AttemptEnded { node, attempt, outcome });
        }
    }

    fn report(&self, entry: &Value) -> ObjectReport {
        let entry: ObjectEntry = serde_json::from_value(entry.clone()).unwrap();
        let key = entry.id.as_deref().or(entry.source_id.as_deref());
        let facts = key.and_then(|key| self.domain.get(key)).map(|object| {
            let mut object = object.clone();
            object["id"] = key.into();
            Facts::new(object)
        });
        ObjectReport { entry, facts }
    }

    /// What the case compares.
    fn seen(&self) -> Value {
        let result: Value = serde_json::from_str(&self.run.to_json()).unwrap();
        let nodes = result["nodes"].as_array().unwrap().iter().map(|node| {
            let data = &node["data"];
            json!({
                "id": node["id"], "status": data["status"], "finalized": data["finalized"],
                "objects": data["objects"],
                "time_started_set": !data["time_started"].is_null(),
                "time_completed_set": !data["time_completed"].is_null(),
            })
        });
        let edges = result["edges"].as_array().unwrap().iter().map(|edge| {
            json!({
                "id": edge["id"], "source": edge["source"], "target": edge["target"],
                "animated": edge["animated"], "style": edge["style"],
            })
        });
        // D19: cut as the original does, where ours keeps the line whole.
        let logs = result["logs"].as_array().unwrap().iter().flat_map(|line| {
            let pieces = line["message"].as_str().unwrap().split(',').filter(|piece| !piece.is_empty());
            pieces.map(|piece| json!({"step": line["step"], "message": piece})).collect::<Vec<_>>()
        });
        json!({
            "dispatch_order": self.dispatched,
            "final": {
                "status": result["status"], "nodes": nodes.collect::<Value>(), "edges": edges.collect::<Value>(),
                "logs": logs.collect::<Value>(),
            },
            "time_completed_set": !result["time_completed"].is_null(),
        })
    }
}

/// The first place where the two differ. `<generated>` matches any text; a key that is not recorded is not
/// compared.
fn difference(path: &str, expected: &Value, seen: &Value) -> Option<String> {
    match (expected, seen) {
        (Value::String(text), Value::String(_)) if text == "<generated>" => None,
        (Value::Object(members), _) => {
            members.iter().find_map(|(key, value)| difference(&format!("{path}/{key}"), value, &seen[key]))
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others).enumerate();
            pairs.find_map(|(at, (item, other))| difference(&format!("{path}/{at}"), item, other))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ if expected == seen => None,
        _ => Some(format!("{path}: expected {expected}, got {seen}")),
    }
}

/// What is recorded, as far as it is compared: without the arguments of tasks, and with D1.
fn expected(case: &Value) -> Value {
    let recorded = &case["expected"];
    let mut dispatched = recorded["dispatch_order"].clone();
    for dispatch in dispatched.as_array_mut().into_iter().flatten() {
        dispatch.as_object_mut().unwrap().remove("args");
        for object in dispatch["objects"].as_array_mut().into_iter().flatten() {
            object["status"] = "working".into();
        }
        if dispatch["objects"].is_null() {
            dispatch.as_object_mut().unwrap().remove("objects");
        }
    }
    json!({
        "dispatch_order": dispatched,
        "final": recorded["final"],
        "time_completed_set": recorded["time_completed_set"],
    })
}

fn cases() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/runs");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap().replace("<run>", RUN);
        (path, serde_json::from_str(&text).unwrap())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn sound_recordings_are_matched() {
    let mut compared = 0;
    let mut differences = Vec::new();
    for (path, case) in cases() {
        if !case["reference_defect"].is_null() {
            continue;
        }
        let Some(replay) = Replay::new(&case) else {
            differences.push(format!("{}: refused", path.display()));
            continue;
        };
        compared += 1;
        let name = path.file_stem().unwrap().to_string_lossy();
        differences
            .extend(difference("", &expected(&case), &replay.seen()).map(|found| format!("{name}{found}")));
    }
    assert!(compared > 100, "only {compared} recordings were compared");
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn a_changed_recording_is_noticed() {
    let (_, mut case) = cases().into_iter().find(|(_, case)| case["reference_defect"].is_null()).unwrap();
    assert!(difference("", &expected(&case), &Replay::new(&case).unwrap().seen()).is_none());
    case["expected"]["final"]["nodes"][0]["status"] = "queued".into();
    assert!(difference("", &expected(&case), &Replay::new(&case).unwrap().seen()).is_some());
}

#[test]
fn no_recording_gets_a_run_stuck_that_has_nothing_at_work() {
    for (path, case) in cases() {
        let Some(replay) = Replay::new(&case) else { continue };
        let is_open = replay.run.status() == RunStatus::Working;
        assert_eq!(is_open, replay.run.working().next().is_some(), "{}", path.display());
    }
}
