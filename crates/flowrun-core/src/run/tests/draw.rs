//! Flows as one line of text.
//!
//! `scan a -> slack b [true], a -> email c` names each node with its task type the first time, then by its id.
//! `[true]`, `[false]` and `[null]` set `start_if`; `{score >= 80}` adds a condition; `(retries 2)` adds to the
//! node's `configs`; `empty e` has no task. `probe` and `pay` are task types of our own: facts of the first may
//! carry any keys, and of the second it can be found out whether its effect happened.

use std::sync::Arc;

use crate::{Condition, EffectClass, Flow, NodeSpec, Plan, Role, TaskTypes};

/// The plan of a drawing. Nodes stand in the order they are first named, edges as drawn.
pub(crate) fn plan(drawing: &str) -> Arc<Plan> {
    Arc::new(Plan::new(&flow(drawing), &types()).unwrap())
}

pub(crate) fn types() -> TaskTypes {
    let types = TaskTypes::documented().with("probe", Role::Producer).with("pay", Role::Producer);
    types.with_effect("pay", EffectClass::Probeable)
}

pub(crate) fn flow(drawing: &str) -> Flow {
    let mut nodes: Vec<(&str, NodeSpec)> = Vec::new();
    let mut edges = Vec::new();
    for chain in drawing.split(',') {
        let mut above = None;
        for drawn in chain.split("->") {
            let id = draw_node(drawn, &mut nodes);
            edges.extend(above.map(|above| (above, id)));
            above = Some(id);
        }
    }
    let flow =
        nodes.into_iter().fold(Flow::builder().id("f").title("Drawn"), |flow, (_, node)| flow.node(node));
    edges.into_iter().fold(flow, |flow, (source, target)| flow.edge(source, target)).build().unwrap()
}

fn draw_node<'a>(drawn: &'a str, nodes: &mut Vec<(&'a str, NodeSpec)>) -> &'a str {
    let (names, marks) = drawn.split_at(drawn.find(['[', '{', '(']).unwrap_or(drawn.len()));
    let names: Vec<&str> = names.split_whitespace().collect();
    let id = *names.last().expect("a node has a name");
    let known = nodes.iter().position(|(known, _)| *known == id);
    let place = known.unwrap_or_else(|| {
        let [task_type, _] = names[..] else { panic!("`{id}` needs a task type where it is first named") };
        nodes.push((id, NodeSpec::new(id, if task_type == "empty" { "" } else { task_type })));
        nodes.len() - 1
    });
    let mut configs = serde_json::Map::new();
    for mark in marks.split_inclusive([']', '}', ')']).map(str::trim).filter(|mark| !mark.is_empty()) {
        let node = nodes[place].1.clone();
        let inside = &mark[1..mark.len() - 1];
        nodes[place].1 = if mark.starts_with('[') {
            node.set("start_if", serde_json::from_str::<serde_json::Value>(inside).unwrap())
        } else if mark.starts_with('(') {
            let (key, value) = inside.split_once(' ').expect("a setting has a value");
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            configs.insert(key.to_owned(), value);
            node.set("configs", configs.clone())
        } else {
            let parts: Vec<&str> = inside.split_whitespace().collect();
            let [key, operator, value] = parts[..] else { panic!("`{inside}` is no condition") };
            node.condition(Condition::new(key, operator.parse().unwrap(), value))
        };
    }
    id
}
