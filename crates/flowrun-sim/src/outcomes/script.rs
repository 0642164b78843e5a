//! The script that takes a run along a path of the model.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun_core::{NodeIx, ObjectStatus, Plan, Role};
use serde_json::{Map, Value, json};

use super::choice::{Choices, Yields};
use super::model;
use crate::script::{Behaviour, End, RunSettings, Script, ScriptObject};

/// A node that ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) node: NodeIx,
    pub(super) failed: bool,
    pub(super) yields: Yields,
}

/// Every node of the path does what its step says; where the order counts, one a second.
pub(super) fn script(
    plan: &Plan,
    settings: &RunSettings,
    choices: &[Choices],
    path: &[Step],
    order_counts: bool,
) -> Script {
    let mut script = Script { run: settings.clone(), ..Script::default() };
    let waits = if order_counts { waits(plan, path) } else { BTreeMap::new() };
    for step in path {
        let mut behaviour = behaviour(plan, &choices[step.node.index()], *step);
        behaviour.after = waits.get(&step.node).copied();
        if behaviour != Behaviour::default() {
            script = script.node(plan.node_id(step.node), behaviour);
        }
    }
    script
}

/// What a node does in one step; nothing needs to be said of one that passes with typical objects.
pub(super) fn behaviour(plan: &Plan, choices: &Choices, step: Step) -> Behaviour {
    let role = plan.role(step.node);
    let on =
        |facts: &Option<Map<String, Value>>| ScriptObject { facts: facts.clone(), ..ScriptObject::default() };
    let objects = match step.yields {
        Yields::Some => None,
        Yields::None => Some(Vec::new()),
        Yields::Sides { on_true: false, on_false: false } if choices.nowhere.is_some() => {
            Some(vec![on(&choices.nowhere)])
        }
        Yields::Sides { on_true: false, on_false: false } if role != Some(Role::Receiver) => Some(Vec::new()),
        Yields::Sides { on_true: false, on_false: false } => Some(vec![neither()]),
        Yields::Sides { on_true, on_false } => {
            let (sides, mut objects) = (&choices.sides, Vec::new());
            objects.extend(on_true.then(|| on(&sides.on_true)));
            objects.extend(on_false.then(|| on(&sides.on_false)));
            Some(objects)
        }
    };
    let end = if step.failed { End::Failed } else { End::Done };
    Behaviour { end, objects, ..Behaviour::default() }
}

/// An object that goes to neither side: a test that was given up.
fn neither() -> ScriptObject {
    let facts = json!({"type": "test", "status": "incomplete"});
    let facts = facts.as_object().cloned();
    ScriptObject { status: Some(ObjectStatus::Incomplete), facts, ..ScriptObject::default() }
}

/// How long each node of the path works: from the step that started it to its own, a second each.
fn waits(plan: &Plan, path: &[Step]) -> BTreeMap<NodeIx, Duration> {
    let mut state = model::start(plan);
    let mut started: BTreeMap<NodeIx, u64> = model::working(&state).map(|node| (node, 0)).collect();
    let mut waits = BTreeMap::new();
    for (step, at) in path.iter().zip(1..) {
        let since = started.get(&step.node).copied().unwrap_or(0);
        waits.insert(step.node, Duration::from_secs(at - since));
        if step.failed {
            // Nothing starts any more; those that are left end one after another.
            continue;
        }
        state = model::end(plan, &state, step.node, false, step.yields);
        for node in model::working(&state) {
            started.entry(node).or_insert(at);
        }
    }
    waits
}
