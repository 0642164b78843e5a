//! What is worth saying about a flow though it runs: what can never run, settings and conditions that do not say what
//! their author may think, and, where it is asked for, what the public original does differently.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::about::About;
use super::cycles::topological_order;
use super::{Links, Plan, PlanNode, Role, TaskTypes, settings};
use crate::condition::Conditions;
use crate::model::json::Span;
use crate::model::{Diagnostic, Findings, Flow, NodeData, NodeIx, NodeSlot, shown};

/// Warnings about the graph, which has no cycle.
pub(super) fn of_graph(found: &mut Findings, flow: &Flow, links: &Links, nodes: &[PlanNode]) {
    let mut graph = Graph { flow, about: About(flow), links, nodes, found };
    for node in links.nodes() {
        graph.unlinked(node);
        graph.start_if_of(node);
        graph.handed_nothing(node);
    }
    if let Some(order) = topological_order(links) {
        graph.dead(&order);
    }
}

/// Warnings about what the public original does otherwise.
pub(super) fn of_original(found: &mut Findings, plan: &Plan) {
    let Plan { flow, links, nodes, conditions, .. } = plan;
    let about = About(flow);
    let mut graph = Graph { flow, about, links, nodes, found };
    graph.roots();
    for node in links.nodes() {
        graph.links_of(node);
    }
    for (node, conditions) in conditions {
        for (index, sign) in conditions.signs_the_original_takes_for_equality() {
            found.add(|| {
                let at = format!("data/conditions/{index}/operator");
                let message = format!(
                    "condition {} of node `{}` has the operator `{sign}`",
                    index + 1,
                    about.shown_id(*node)
                );
                about
                    .warning("condition.operator", (*node, &at, about.span_in(*node, &at)), message)
                    .help("the public original reads it as `==`")
            });
        }
    }
}

/// The one warning about a drawing in which no node does anything: such as one that React Flow saved before anybody
/// said in `data.task_type` what the nodes do.
pub(super) fn without_tasks(flow: &Flow, nodes: &[PlanNode]) -> Option<Diagnostic> {
    if nodes.iter().any(|node| node.role.is_some()) {
        return None;
    }
    // Who writes `"task_type": null` means an empty node, and who writes no data at all draws no task.
    let mut datas = flow.document.nodes().iter().filter(|slot| !slot.data.is_absent()).peekable();
    let is_silent =
        |slot: &NodeSlot| NodeData::read(slot.data.text(flow.to_json())).find("task_type").is_none();
    if datas.peek().is_none() || !datas.all(is_silent) {
        return None;
    }
    let first = NodeIx::new(0);
    let message = "no node has a task type: a run of this flow ends at once".to_owned();
    let warning = About(flow).warning("plan.no-tasks", (first, "data/task_type", Span::default()), message);
    Some(warning.help("say what a node does in its `data`, such as \"task_type\": \"scan\""))
}

/// Warnings about names in `configs` that are nearly those of this engine's settings.
pub(super) fn of_config_names(found: &mut Findings, flow: &Flow) {
    let about = About(flow);
    for (index, node) in flow.nodes().enumerate() {
        let Ok(configs) = NodeData::read(node.data()).object("configs") else { continue };
        for key in configs.keys() {
            let Some(near) = settings::meant(key) else { continue };
            let node = NodeIx::new(index);
            found.add(|| {
                let at = format!("data/configs/{key}");
                let message = format!(
                    "`{}` in the configs of node `{}` does nothing",
                    shown(key),
                    about.shown_id(node)
                );
                about
                    .warning("plan.unknown-setting", (node, &at, about.span_in(node, &at)), message)
                    .help(format!("did you mean `{near}`?"))
            });
        }
    }
}

/// Warnings about what only looks like a setting.
pub(super) fn of_settings(found: &mut Findings, flow: &Flow) {
    /// What the public original writes into every node.
    const USUAL: &str = "300";
    let (about, text) = (About(flow), flow.to_json());
    for (index, node) in flow.nodes().enumerate() {
        let role = TaskTypes::documented_role(&node.task_type());
        let takes_objects = role.is_some_and(Role::takes_objects);
        let Some(timeout) = timeout_of(node.data()).filter(|_| takes_objects) else { continue };
        if matches!(timeout, USUAL | "null") {
            continue;
        }
        let node = NodeIx::new(index);
        found.add(|| {
            let message = format!("`timeout` of node `{}` does nothing", about.shown_id(node));
            let place = (node, "data/configs/timeout", Span::of(text, timeout));
            let help = "it is how long a page may take to be captured; a deadline is `attempt_timeout`";
            about.warning("plan.timeout", place, message).help(help)
        });
    }
}

/// The value that `timeout` has in the configs of a node with this data.
fn timeout_of(data: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        configs: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Configs<'a> {
        #[serde(borrow)]
        timeout: &'a RawValue,
    }
    // What is not there, or is no object, does not parse.
    let data: Data<'_> = serde_json::from_str(data).ok()?;
    let configs: Configs<'_> = serde_json::from_str(data.configs.get()).ok()?;
    Some(configs.timeout.get())
}

/// Warnings about conditions on what no object of the node can have.
pub(super) fn of_kinds(found: &mut Findings, plan: &Plan) {
    if plan.conditions.is_empty() {
        return;
    }
    let (about, kinds) = (About(&plan.flow), plan.object_kinds());
    for (node, conditions) in &plan.conditions {
        let held = kinds.held(*node);
        for (index, key) in conditions.keys().enumerate().filter(|(_, key)| !held.may_have(key)) {
            found.add(|| {
                let at = format!("data/conditions/{index}/data_type");
                let objects = held.names().collect::<Vec<_>>().join(" or ");
                let message = format!(
                    "condition {} of node `{}` is never true: no {objects} has `{key}`",
                    index + 1,
                    about.shown_id(*node)
                );
                about
                    .warning("condition.foreign-key", (*node, &at, about.span_in(*node, &at)), message)
                    .help("`flowrun keys` lists the keys of each type of object")
            });
        }
    }
}

/// Warnings about conditions.
pub(super) fn of_conditions(found: &mut Findings, flow: &Flow, conditions: &[(NodeIx, Conditions)]) {
    if conditions.is_empty() {
        return;
    }
    // An own task type above may report facts with any keys.
    let documented = flow.nodes().all(|node| {
        let task_type = node.task_type();
        task_type.is_empty() || TaskTypes::documented_role(&task_type).is_some()
    });
    let about = About(flow);
    for (node, conditions) in conditions {
        for lint in conditions.lint(|_| !documented) {
            found.add(|| {
                let place = lint.expression + 1;
                let key = format!("data/conditions/{}/{}", lint.expression, lint.kind.key());
                let message = format!("condition {place} of node `{}`: {}", about.shown_id(*node), lint.kind);
                about.warning(lint.kind.code(), (*node, &key, about.span_in(*node, &key)), message)
            });
        }
    }
}

struct Graph<'a> {
    flow: &'a Flow,
    about: About<'a>,
    links: &'a Links,
    nodes: &'a [PlanNode],
    found: &'a mut Findings,
}

impl Graph<'_> {
    /// Adds a warning about a node as a whole; `message` is given its id.
    fn warn(&mut self, code: &'static str, node: NodeIx, message: impl FnOnce(&str) -> String, help: &str) {
        let about = self.about;
        self.found.add(|| {
            let message = message(&about.shown_id(node));
            about.warning(code, (node, "", Span::default()), message).help(help)
        });
    }

    fn roots(&mut self) {
        let links = self.links;
        let mut roots = links.nodes().filter(|&node| links.parents(node).is_empty());
        let Some(first) = roots.next() else { return };
        let second = roots.next();
        let count = 1 + usize::from(second.is_some()) + roots.count();
        let Some(odd) = [Some(first), second].into_iter().flatten().find(|root| root.index() != 0) else {
            return;
        };
        let message = |id: &str| match count {
            1 => format!("node `{id}` starts, though it is not the first"),
            _ => format!("{count} nodes start at once: they have no incoming edge"),
        };
        self.warn("plan.roots", odd, message, "the public original starts the first node only");
    }

    fn unlinked(&mut self, node: NodeIx) {
        let is_alone = self.links.children(node).is_empty() && self.links.parents(node).is_empty();
        if is_alone && self.nodes.len() > 1 {
            let message = |id: &str| format!("node `{id}` is linked to no other: it starts at once");
            self.warn("plan.unlinked", node, message, "link it, or remove it");
        }
    }

    fn links_of(&mut self, node: NodeIx) {
        let (links, nodes) = (self.links, self.nodes);
        let (children, parents) = (links.children(node), links.parents(node));
        let has_conditions = nodes[node.index()].has_conditions;
        if parents.len() > 1 {
            let count = parents.len();
            let message = |id: &str| {
                format!("node `{id}` has {count} incoming edges: it starts once, after all of them")
            };
            self.warn("plan.join", node, message, "the public original starts it once for every edge");
        }
        if !has_conditions && children.len() > 1 {
            let message = |id: &str| format!("node `{id}` starts {} nodes at once", children.len());
            let help = "the public original starts none of them and ends the run";
            self.warn("plan.fan-out", node, message, help);
        }
        for side in [true, false] {
            let is_here = |child: &&NodeIx| nodes[child.index()].start_if == Some(side);
            let count = if has_conditions { children.iter().filter(is_here).count() } else { 0 };
            if count > 1 {
                let message =
                    |id: &str| format!("node `{id}` starts {count} nodes when its conditions are {side}");
                let help = "the public original starts the one of the last edge only";
                self.warn("plan.same-start-if", node, message, help);
            }
        }
    }

    fn start_if_of(&mut self, node: NodeIx) {
        let span = self.flow.document.nodes()[node.index()].start_if;
        if span.is_absent() {
            return;
        }
        let about = self.about;
        let mut parents = self.links.parents(node).iter();
        let (code, said, help) = if !parents.any(|parent| self.nodes[parent.index()].has_conditions) {
            ("plan.start-if-ignored", "is ignored: no node above it has conditions", "set it to null")
        } else if self.nodes[node.index()].start_if.is_none() {
            let said = "is neither true nor false: it counts as null";
            ("plan.start-if-value", said, "set it to true or false")
        } else {
            return;
        };
        self.found.add(|| {
            let message = format!("start_if of node `{}` {said}", about.shown_id(node));
            about.warning(code, (node, "data/start_if", span), message).help(help)
        });
    }

    /// An own task type that starts afresh where there are objects: who wrote its executor may look for them in vain.
    /// Of the documented types everybody can know it.
    fn handed_nothing(&mut self, node: NodeIx) {
        if self.nodes[node.index()].role != Some(Role::Producer) {
            return;
        }
        let has_objects = |parent: &NodeIx| {
            let above = self.nodes[parent.index()];
            let is_documented = || TaskTypes::documented_role(&self.flow.node(*parent).task_type()).is_some();
            above.has_conditions || above.role.is_some_and(|role| role.takes_objects() || is_documented())
        };
        let task_type = self.flow.node(node).task_type();
        if TaskTypes::documented_role(&task_type).is_some()
            || !self.links.parents(node).iter().any(has_objects)
        {
            return;
        }
        let message = |id: &str| {
            let task_type = shown(&task_type);
            format!("node `{id}` is handed none of the objects above it: `{task_type}` starts afresh")
        };
        let help = "if it works on them, add its executor as a receiver (`Role::Receiver`)";
        self.warn("plan.no-objects", node, message, help);
    }

    /// Nodes that no run can reach, whatever the tasks do.
    fn dead(&mut self, order: &[NodeIx]) {
        let (links, nodes) = (self.links, self.nodes);
        let mut dead = vec![false; nodes.len()];
        for &node in order {
            let (parents, start_if) = (links.parents(node), nodes[node.index()].start_if);
            let is_dead_edge = |parent: &NodeIx| {
                let above = nodes[parent.index()];
                let unrouted = above.has_conditions && start_if.is_none();
                dead[parent.index()] || above.role.is_none() || unrouted
            };
            if parents.is_empty() || !parents.iter().all(is_dead_edge) {
                continue;
            }
            dead[node.index()] = true;
            let routed = parents.iter().any(|parent| nodes[parent.index()].has_conditions);
            let (why, help) = if routed && start_if.is_none() {
                ("it stands below conditions and its start_if is null", "set start_if to true or false")
            } else {
                ("no edge into it can be taken", "link it elsewhere, or remove it")
            };
            self.warn("plan.never-runs", node, |id| format!("node `{id}` never starts: {why}"), help);
        }
    }
}
