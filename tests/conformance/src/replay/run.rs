//! A run of the core, driven by a script.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun_core::{
    Attempt, Event, Facts, Flow, NodeIx, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Plan,
    RejectedError, Report, Run, RunId, RunSpec, Site, TaskTypes, Timestamp,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::tasks::ScriptedTask;
use crate::arguments::{arguments, works_on_objects};
use crate::case::{RunCase, Script, Update, refused};
use crate::silence::Silence;

/// Stands in a case for the id of its run.
const RUN: &str = "<run>";

/// Runs the case and says what came of it.
pub(super) fn replay(case: &RunCase, recorded: &Value) -> Value {
    let id = RunId::from_bytes(*b"a replayed run..");
    let with_id = |value: &Value| replace(value, RUN, &id.to_string());
    let Some(run) = create(id, case, &with_id) else { return refused() };
    let mut replay = Replay { run, case, id, now: 0, tasks: BTreeMap::new(), dispatches: Vec::new() };
    replay.handle(Event::Started);
    replay.play(&case.script);
    replay.answer_silent(&Silence::of(recorded));
    replace(&replay.result(), &id.to_string(), RUN)
}

/// The run as it is created; `None` when its flow is refused.
fn create(id: RunId, case: &RunCase, with_id: &dyn Fn(&Value) -> Value) -> Option<Run> {
    let flow = Flow::from_json(with_id(&case.flow).to_string()).ok()?;
    let plan = Plan::new(&flow, &TaskTypes::documented()).ok()?;
    let site: Site = serde_json::from_value(with_id(&case.site)).ok()?;
    let mut spec = RunSpec::new(id, Timestamp::from_micros(0), site);
    if let Some(configs) = case.run_configs() {
        spec = spec.configs(RawValue::from_string(configs.to_string()).ok()?);
    }
    Some(Run::new(Arc::new(plan), spec))
}

struct Replay<'a> {
    run: Run,
    case: &'a RunCase,
    id: RunId,
    /// Counts events: every event has a time of its own.
    now: i64,
    tasks: BTreeMap<NodeIx, ScriptedTask>,
    /// What was started, in order, with the node of each.
    dispatches: Vec<(NodeIx, Value)>,
}

impl Replay<'_> {
    /// Lets the run handle an event and starts what it orders to start. An event that cannot follow the ones
    /// before it is dropped, as a driver does.
    fn handle(&mut self, event: Event) {
        self.now += 1;
        let handled = self.run.handle(Timestamp::from_micros(self.now), event);
        // Nothing else is ordered here that had to be done: no policy of a case asks for a slot.
        let calls = handled.map(|decision| std::mem::take(decision.calls));
        for call in calls.unwrap_or_else(|_: RejectedError| Vec::new()) {
            self.start(call.node(), call.attempt());
        }
    }

    fn start(&mut self, node: NodeIx, attempt: Attempt) {
        let task = self.run.task(node, attempt);
        let data: Value = serde_json::from_str(task.data()).unwrap_or_default();
        let mut dispatch = json!({
            "node": task.node(),
            "node_index": node.index(),
            "task": task.task_type(),
            "args": arguments(&task.task_type(), &data),
        });
        if works_on_objects(&task.task_type()) {
            let objects: Vec<&ObjectEntry> = task.objects().iter().map(|object| &object.entry).collect();
            dispatch["objects"] = json!(objects);
        } else {
            dispatch["resources"] = json!(task.resources());
        }
        self.dispatches.push((node, dispatch));
        self.tasks.insert(node, ScriptedTask::default());
    }

    fn play(&mut self, script: &Script) {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &script.order {
            let place = next.entry(id).or_default();
            let updates = script.nodes.get(id).map_or(&[][..], Vec::as_slice);
            let Some(update) = updates.get(*place) else { continue };
            *place += 1;
            let is_last = *place == updates.len();
            if let Some(node) = self.node_of(id, update) {
                self.send(node, update, is_last);
            }
        }
    }

    /// The node that an update is for. From the run itself it is for the one of the line that is last.
    fn node_of(&self, id: &str, update: &Update) -> Option<NodeIx> {
        let plan = self.run.plan();
        match &update.node_index {
            Some(index) => {
                let index = index.as_u64().or_else(|| index.as_str()?.trim().parse().ok())?;
                let index = usize::try_from(index).ok().filter(|index| *index < plan.node_count())?;
                Some(NodeIx::new(index))
            }
            None if id == "run" => plan.find(&self.run.logs().last()?.step),
            None => plan.find(id),
        }
    }

    fn send(&mut self, node: NodeIx, update: &Update, is_last: bool) {
        let attempt = Attempt::FIRST;
        let report = |report| Event::Reported { node, attempt, report };
        let works = self.is_at_work(node);
        let objects = update.objects.as_deref().unwrap_or_default();
        if works && !objects.is_empty() {
            let reports = objects.iter().filter_map(|entry| self.object_report(entry)).collect();
            self.handle(report(Report::Objects(reports)));
        }
        if let Some(message) = update.message.as_deref().filter(|message| !message.is_empty()) {
            self.handle(report(Report::Log(message.replace(RUN, &self.id.to_string()))));
        }
        let Some(task) = self.tasks.get_mut(&node).filter(|_| works) else { return };
        if let Some(outcome) = task.take(update, is_last, self.run.objects(node)) {
            self.handle(Event::AttemptEnded { node, attempt, outcome });
        }
    }

    fn object_report(&self, entry: &Map<String, Value>) -> Option<ObjectReport> {
        let facts = self.case.stored(entry).map(Facts::new);
        let entry = replace(&Value::Object(entry.clone()), RUN, &self.id.to_string());
        Some(ObjectReport { entry: serde_json::from_value(entry).ok()?, facts })
    }

    fn is_at_work(&self, node: NodeIx) -> bool {
        self.run.working().any(|(working, _)| working == node)
    }

    /// Tasks that the script says nothing of, though they were started, pass all that they have.
    fn answer_silent(&mut self, silence: &Silence) {
        let mut place = 0;
        while let Some(&(node, _)) = self.dispatches.get(place) {
            place += 1;
            if !self.is_at_work(node) || silence.is_kept(&self.run.plan().node_id(node)) {
                continue;
            }
            let attempt = Attempt::FIRST;
            let working = self.run.objects(node).iter().filter(|entry| entry.status == ObjectStatus::Working);
            let passed = working
                .cloned()
                .map(|entry| ObjectReport { entry: entry.with_status(ObjectStatus::Passed), facts: None });
            let report = Report::Objects(passed.collect());
            self.handle(Event::Reported { node, attempt, report });
            let outcome = self.tasks[&node].states(Outcome::Done);
            self.handle(Event::AttemptEnded { node, attempt, outcome });
        }
    }

    fn result(&self) -> Value {
        let run: Value = serde_json::from_str(&self.run.to_json()).expect("a run is written as JSON");
        let is_set = |value: &Value| !value.is_null();
        let pick = |value: &Value, keys: &[&str]| -> Map<String, Value> {
            keys.iter().map(|key| ((*key).to_owned(), value[*key].clone())).collect()
        };
        let list = |key: &str| run[key].as_array().cloned().unwrap_or_default();
        let node = |node: &Value| {
            let data = &node["data"];
            let mut shown = pick(data, &["status", "finalized", "objects"]);
            shown.insert("id".into(), node["id"].clone());
            shown.insert("time_started_set".into(), is_set(&data["time_started"]).into());
            shown.insert("time_completed_set".into(), is_set(&data["time_completed"]).into());
            shown
        };
        let edge_keys = ["id", "source", "target", "animated", "style"];
        let dispatches = self.dispatches.iter().map(|(_, dispatch)| dispatch);
        json!({
            "outcome": if self.run.is_over() { "completed" } else { "stuck" },
            "time_completed_set": is_set(&run["time_completed"]),
            "dispatch_order": dispatches.collect::<Vec<_>>(),
            "final": {
                "status": run["status"],
                "nodes": list("nodes").iter().map(node).collect::<Vec<_>>(),
                "edges": list("edges").iter().map(|edge| pick(edge, &edge_keys)).collect::<Vec<_>>(),
                "logs": list("logs").iter().map(|line| pick(line, &["step", "message"])).collect::<Vec<_>>(),
            },
        })
    }
}

/// The value with `from` replaced in every text.
fn replace(value: &Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => text.replace(from, to).into(),
        Value::Array(items) => items.iter().map(|item| replace(item, from, to)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), replace(value, from, to)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}
