//! Which flows are not run, in the model.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Conduct;
use super::run::{list, text};

const TASK_TYPES: [&str; 9] =
    ["scan", "test", "case", "report", "issue", "phone", "slack", "email", "webhook"];

/// Whether an engine that behaves like `conduct` refuses the flow.
pub(super) fn is_refused(flow: &Value, conduct: &Conduct) -> bool {
    let (nodes, edges) = (list(flow, "nodes"), list(flow, "edges"));
    let ids: Vec<String> = nodes.iter().map(|node| text(node, "id")).collect();
    let unique: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let is_known = |id: &str| unique.contains(id);
    let has_unknown_type = || {
        nodes
            .iter()
            .map(|node| text(&node["data"], "task_type"))
            .any(|task_type| !task_type.is_empty() && !TASK_TYPES.contains(&&*task_type))
    };
    let is_dangling = |edge: &Value| !is_known(&text(edge, "source")) || !is_known(&text(edge, "target"));
    let is_ambiguous = |node: &Value| {
        let inner = node["data"].get("id");
        text(node, "id").is_empty() || inner.is_some_and(|inner| *inner != node["id"])
    };
    nodes.is_empty() && !conduct.starts_first_of_array
        || !conduct.starts_unknown_types && has_unknown_type()
        || !conduct.unlinked_raises && edges.iter().any(is_dangling)
        || !conduct.runs_cycles && has_cycle(&ids, edges)
        || !conduct.accepts_ambiguous_ids && (unique.len() < ids.len() || nodes.iter().any(is_ambiguous))
        || !conduct.conditions_raise && nodes.iter().any(has_malformed_conditions)
        || !conduct.ignores_limits && is_over_limit(nodes)
}

/// Takes away nodes that no edge leads to, until none is left or only cycles are.
fn has_cycle(ids: &[String], edges: &[Value]) -> bool {
    let mut left: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let mut edges: Vec<(String, String)> =
        edges.iter().map(|edge| (text(edge, "source"), text(edge, "target"))).collect();
    edges.retain(|(source, target)| left.contains(&**source) && left.contains(&**target));
    loop {
        let free: Vec<&str> =
            left.iter().copied().filter(|id| edges.iter().all(|(_, target)| target != id)).collect();
        if free.is_empty() {
            return !left.is_empty();
        }
        left.retain(|id| !free.contains(id));
        edges.retain(|(source, _)| left.contains(&**source));
    }
}

fn has_malformed_conditions(node: &Value) -> bool {
    match node["data"].get("conditions") {
        None | Some(Value::Null) => false,
        Some(Value::Array(conditions)) => !conditions.iter().all(Value::is_object),
        Some(_) => true,
    }
}

/// The smallest `maxNodes` limits the nodes of the flow, `maxConds` the expressions of its own node.
fn is_over_limit(nodes: &[Value]) -> bool {
    let limit = nodes.iter().filter_map(|node| node["data"]["maxNodes"].as_u64()).min();
    let too_many = |node: &Value| {
        let conditions = list(&node["data"], "conditions").len();
        node["data"]["maxConds"].as_u64().is_some_and(|limit| conditions as u64 > limit)
    };
    limit.is_some_and(|limit| nodes.len() as u64 > limit) || nodes.iter().any(too_many)
}
