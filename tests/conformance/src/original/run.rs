//! The state of a run in the model, and its way from the script to an expectation.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Conduct;
use super::log::Log;
use super::refuse::is_refused;
use crate::arguments::{arguments, arguments_as_recorded, works_on_objects};
use crate::case::{RunCase, refused};
use crate::silence::Silence;

/// An exception of the original: what was going on is given up, and nobody hears of it.
#[derive(Debug)]
pub(super) struct Raised;

/// An entry of a node's objects.
pub(super) type Entry = Map<String, Value>;

/// A run in the making.
pub(super) struct Model<'a> {
    pub(super) case: &'a RunCase,
    pub(super) conduct: &'a Conduct,
    /// What the case expects: says what no model can know.
    recorded: &'a Value,
    /// Stored objects that have a completion time.
    pub(super) complete: BTreeSet<String>,
    pub(super) state: State,
}

/// What the original stores, and loses when it raises.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) log: Log,
    pub(super) dispatches: Vec<Rc<Value>>,
    /// How the run closed.
    pub(super) closed: Option<Status>,
    /// A node failed and ended the run; what works may finish.
    pub(super) failing: bool,
    pub(super) last_finalized: Option<usize>,
    /// Counts ends of nodes, to tell which was first.
    pub(super) ends: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Queued,
    Working,
    Passed,
    Failed,
}

#[derive(Clone, Default)]
pub(super) struct Node {
    pub(super) id: String,
    /// The copy of the id inside `data`.
    pub(super) data_id: String,
    pub(super) task_type: String,
    /// Shared: a state is kept aside whenever something may raise.
    pub(super) data: Rc<Value>,
    pub(super) status: Status,
    pub(super) finalized: bool,
    pub(super) started: bool,
    /// Its place among the ends of nodes.
    pub(super) completed: Option<usize>,
    pub(super) objects: Vec<Entry>,
    /// Whether its task has stated a failure.
    pub(super) stated_failure: bool,
    /// Whether it started or was passed over.
    pub(super) is_resolved: bool,
    /// Whether its conditions sent objects to the false and to the true side.
    pub(super) sides: [bool; 2],
}

#[derive(Clone)]
pub(super) struct Edge {
    id: Value,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) way: Way,
}

/// Whether an edge is gone along.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Its source has not ended.
    Open,
    /// Nothing comes along it.
    Dead,
    /// Its source hands on entries, and pages unless it is the site.
    Taken { objects: Vec<Entry>, pages: Option<Vec<Value>> },
}

/// What the case expects of an engine that behaves like `conduct`.
pub(super) fn expectation(case: &RunCase, recorded: &Value, conduct: &Conduct) -> Value {
    if is_refused(&case.flow, conduct) {
        return refused();
    }
    let state = State::new(&case.flow);
    let mut model = Model { case, conduct, recorded, complete: BTreeSet::new(), state };
    model.advance();
    model.play_script();
    model.answer_silent(&Silence::of(recorded));
    model.expectation()
}

impl State {
    fn new(flow: &Value) -> Self {
        let nodes = list(flow, "nodes").iter().map(Node::new).collect();
        let edge = |edge: &Value| Edge {
            id: edge["id"].clone(),
            source: text(edge, "source"),
            target: text(edge, "target"),
            way: Way::Open,
        };
        let edges = list(flow, "edges").iter().map(edge).collect();
        Self { nodes, edges, log: Log::new(), ..Self::default() }
    }

    /// The first node of an id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    /// The edges into the node at a place.
    pub(super) fn edges_into(&self, node: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.target == self.nodes[node].id)
    }

    pub(super) fn end(&mut self, node: usize, status: Status) {
        self.nodes[node].status = status;
        self.nodes[node].completed = Some(self.ends);
        self.ends += 1;
    }

    pub(super) fn finalize(&mut self, node: usize) {
        self.nodes[node].finalized = true;
        self.last_finalized = Some(node);
    }
}

impl Node {
    fn new(node: &Value) -> Self {
        let data = &node["data"];
        Self {
            id: text(node, "id"),
            data_id: if data.get("id").is_some() { text(data, "id") } else { text(node, "id") },
            task_type: text(data, "task_type"),
            data: Rc::new(data.clone()),
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.task_type.is_empty()
    }

    pub(super) fn has_conditions(&self) -> bool {
        self.data["conditions"].as_array().is_some_and(|conditions| !conditions.is_empty())
    }

    /// The side of its parent's conditions on which it starts; 1 and 0 count as true and false.
    pub(super) fn start_if(&self) -> Option<bool> {
        match &self.data["start_if"] {
            Value::Bool(side) => Some(*side),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            _ => None,
        }
    }

    pub(super) fn has_entry(&self, status: &str) -> bool {
        self.objects.iter().any(|entry| entry.get("status") == Some(&status.into()))
    }

    /// What its entries make of it, once none of them works.
    pub(super) fn status_by_entries(&self) -> Status {
        if self.has_entry("failed") { Status::Failed } else { Status::Passed }
    }
}

impl Status {
    pub(super) fn read(status: &str) -> Self {
        match status {
            "passed" => Self::Passed,
            "failed" => Self::Failed,
            "queued" => Self::Queued,
            _ => Self::Working,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Working => "working",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Passed | Self::Failed)
    }
}

impl Model<'_> {
    /// Notes that a task was started.
    pub(super) fn dispatch(&mut self, node: usize, objects: &[Entry], resources: &[Value]) {
        let Node { id, task_type, data, .. } = &self.state.nodes[node];
        let recorded = self.recorded_start(node).filter(|_| self.conduct.lacks_defaults);
        let mut dispatch = json!({
            "node": id,
            "node_index": node,
            "task": task_type,
            "args": match recorded {
                Some(recorded) => arguments_as_recorded(task_type, data, &recorded["args"]),
                None => arguments(task_type, data),
            },
        });
        if works_on_objects(task_type) {
            dispatch["objects"] = json!(objects);
        } else {
            dispatch["resources"] = json!(resources);
        }
        self.state.dispatches.push(Rc::new(dispatch));
    }

    /// The first start of a node in the recording.
    pub(super) fn recorded_start(&self, node: usize) -> Option<&Value> {
        list(self.recorded, "dispatch_order").iter().find(|start| start["node_index"] == node)
    }

    /// Tasks that the script says nothing of, though they were started, pass all that they have.
    fn answer_silent(&mut self, silence: &Silence) {
        let mut place = 0;
        while self.state.closed.is_none() && place < self.state.dispatches.len() {
            let id = self.state.dispatches[place]["node"].as_str().unwrap_or_default().to_owned();
            place += 1;
            let Some(node) = self.state.find(&id) else { continue };
            if self.state.nodes[node].status != Status::Working || silence.is_kept(&id) {
                continue;
            }
            for entry in &mut self.state.nodes[node].objects {
                if entry.get("status") == Some(&"working".into()) {
                    entry.insert("status".into(), "passed".into());
                }
            }
            let answered = &self.state.nodes[node];
            let failed = answered.stated_failure || answered.has_entry("failed");
            self.state.end(node, if failed { Status::Failed } else { Status::Passed });
            self.advance();
        }
    }

    fn expectation(&self) -> Value {
        let State { nodes, edges, log, dispatches, closed, .. } = &self.state;
        let node = |node: &Node| {
            json!({
                "id": node.id,
                "status": node.status.word(),
                "finalized": node.finalized,
                "objects": node.objects,
                "time_started_set": node.started,
                "time_completed_set": node.completed.is_some(),
            })
        };
        let edge = |(place, edge): (usize, &Edge)| {
            let animated = self.is_animated(place);
            json!({
                "id": edge.id,
                "source": edge.source,
                "target": edge.target,
                "animated": animated,
                "style": if animated { json!({"stroke": "#60a5fa"}) } else { Value::Null },
            })
        };
        json!({
            "outcome": if closed.is_some() { "completed" } else { "stuck" },
            "time_completed_set": closed.is_some(),
            "dispatch_order": dispatches.iter().map(Rc::as_ref).collect::<Vec<&Value>>(),
            "final": {
                "status": closed.unwrap_or(Status::Working).word(),
                "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
                "edges": edges.iter().enumerate().map(edge).collect::<Vec<_>>(),
                "logs": log.sorted(),
            },
        })
    }

    /// An edge is animated while its target works.
    fn is_animated(&self, place: usize) -> bool {
        let edge = &self.state.edges[place];
        let Some(target) = self.state.find(&edge.target) else { return false };
        let is_decorated = if self.conduct.decorates_first_edge {
            let first = self.state.edges.iter().position(|other| other.target == edge.target);
            target > 0 && first == Some(place)
        } else {
            matches!(edge.way, Way::Taken { .. })
        };
        is_decorated && self.state.nodes[target].status == Status::Working
    }
}

pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
