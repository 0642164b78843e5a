//! The checks that make a flow a plan. Every problem is reported, each with a code, the node or edge, and a
//! JSON pointer.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cycles::{cycles, topological_order};
use super::{Links, Plan, PlanNode, TaskTypes};
use crate::condition::Conditions;
use crate::model::json::{Span, string_of};
use crate::model::{Diagnostic, Flow, NodeIx, Severity, shown};

/// So many unknown ids get a guess at what was meant: each is compared with every id there is.
pub(super) const GUESSES: usize = 20;

/// What the check has found so far.
struct Check<'a> {
    flow: &'a Flow,
    types: &'a TaskTypes,
    found: Vec<Diagnostic>,
    guesses: usize,
}

pub(super) fn check(flow: &Flow, types: &TaskTypes) -> Result<Plan, Vec<Diagnostic>> {
    let mut check = Check { flow, types, found: Vec::new(), guesses: 0 };
    if flow.node_count() == 0 {
        let problem = Diagnostic::error("plan.empty-flow", "/nodes".into(), "the flow has no nodes".into());
        check.found.push(problem.help("add a node with a task_type"));
    }
    let ids = check.ids();
    let links = check.edges(&ids);
    let is_whole = check.found.is_empty();
    let (nodes, conditions) = check.nodes();
    let order = topological_order(&links);
    match &order {
        None => check.name_cycles(&links),
        // Where an edge or an id is broken, the graph is not the one that was meant.
        Some(order) if is_whole => {
            let plan_nodes = Graph { links: &links, nodes: &nodes, order };
            check.warn(&plan_nodes);
        }
        Some(_) => {}
    }
    check.warn_conditions(&links, &conditions);
    check.limit_nodes();
    let Check { mut found, .. } = check;
    found.sort_by_key(|finding| (finding.severity, finding.span.as_ref().map_or(0, |span| span.start)));
    if found.first().is_some_and(|finding| finding.severity == Severity::Error) {
        return Err(found);
    }
    Ok(Plan { flow: flow.clone(), links, nodes: nodes.into(), conditions, warnings: found })
}

struct Graph<'a> {
    links: &'a Links,
    nodes: &'a [PlanNode],
    order: &'a [NodeIx],
}

impl<'a> Check<'a> {
    fn text(&self, span: Span) -> Cow<'a, str> {
        string_of(span.text(self.flow.document.text()))
    }

    fn node_id(&self, node: NodeIx) -> Cow<'a, str> {
        self.flow.node(node).id()
    }

    fn at_node(&self, node: NodeIx, key: &str) -> String {
        if key.is_empty() {
            format!("/nodes/{}", node.index())
        } else {
            format!("/nodes/{}/{key}", node.index())
        }
    }

    /// A finding about a node, drawn at `span`, else at the node's id.
    fn about_node(&self, finding: Diagnostic, node: NodeIx, span: Span) -> Diagnostic {
        let slot = &self.flow.document.nodes()[node.index()];
        let span = [span, slot.id, slot.data].into_iter().find(|span| !span.is_absent());
        let id = self.node_id(node);
        let finding = if id.is_empty() { finding } else { finding.node(&id) };
        match span {
            Some(span) => finding.at(span.range()),
            None => finding,
        }
    }

    /// The node of each id, and the problems of ids.
    fn ids(&mut self) -> HashMap<Cow<'a, str>, NodeIx> {
        let slots = self.flow.document.nodes();
        let mut ids = HashMap::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let node = NodeIx::new(index);
            let id = self.text(slot.id);
            if id.is_empty() {
                let message = format!("the node at place {} has no id", index + 1);
                let problem = Diagnostic::error("plan.missing-id", self.at_node(node, "id"), message);
                self.found.push(self.about_node(problem, node, slot.id));
                continue;
            }
            if !slot.data_id.is_absent()
                && slot.data_id.text(self.flow.to_json()) != slot.id.text(self.flow.to_json())
            {
                let data_id = self.text(slot.data_id);
                if data_id != id {
                    let message =
                        format!("node `{}` has the id `{}` inside its data", shown(&id), shown(&data_id));
                    let problem =
                        Diagnostic::error("plan.id-mismatch", self.at_node(node, "data/id"), message)
                            .help("make `id` and `data.id` the same");
                    self.found.push(self.about_node(problem, node, slot.data_id));
                }
            }
            if let Some(first) = ids.insert(id.clone(), node) {
                ids.insert(id.clone(), first);
                let place = first.index() + 1;
                let message =
                    format!("two nodes have the id `{}`; the first stands at place {place}", shown(&id));
                let problem = Diagnostic::error("plan.duplicate-id", self.at_node(node, "id"), message)
                    .help("give every node an id of its own");
                self.found.push(self.about_node(problem, node, slot.id));
            }
        }
        ids
    }

    /// The links, and the problems of edges. An edge with a problem is left out.
    fn edges(&mut self, ids: &HashMap<Cow<'a, str>, NodeIx>) -> Links {
        let slots = self.flow.document.edges();
        let mut edges = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let mut end = |key: &str, span: Span| {
                let id = self.text(span);
                let known = ids.get(&id).copied();
                if known.is_none() {
                    let problem = self.dangling(index, key, span, &id, ids);
                    self.found.push(problem);
                }
                known
            };
            let ends = (end("source", slot.source), end("target", slot.target));
            let (Some(source), Some(target)) = ends else { continue };
            if source == target {
                let id = self.node_id(source);
                let message = format!("node `{}` leads to itself", shown(&id));
                let problem = Diagnostic::error("plan.self-edge", format!("/edges/{index}"), message)
                    .node(&id)
                    .edge(&self.text(slot.id))
                    .at(slot.target.range())
                    .help("a flow has no loops: remove the edge");
                self.found.push(problem);
                continue;
            }
            edges.push((source, target));
        }
        Links::new(self.flow.node_count(), edges)
    }

    fn dangling(
        &mut self,
        index: usize,
        key: &str,
        span: Span,
        id: &str,
        ids: &HashMap<Cow<'a, str>, NodeIx>,
    ) -> Diagnostic {
        let slot = &self.flow.document.edges()[index];
        let edge = self.text(slot.id);
        let pointer = format!("/edges/{index}/{key}");
        let (other, verb) =
            if key == "target" { (slot.source, "leads to") } else { (slot.target, "comes from") };
        let message = match id {
            "" => format!("the edge at place {} has no {key}", index + 1),
            _ => {
                let (other, id) = (shown(&self.text(other)), shown(id));
                let subject = if key == "target" { "node" } else { "the edge to" };
                format!("{subject} `{other}` {verb} `{id}`, which this flow does not define")
            }
        };
        let problem = Diagnostic::error("plan.dangling-edge", pointer, message).edge(&edge);
        let span = [span, slot.id, other].into_iter().find(|span| !span.is_absent());
        let problem = match span {
            Some(span) => problem.at(span.range()),
            None => problem,
        };
        self.guesses += 1;
        let guess = if self.guesses <= GUESSES { nearest(id, ids) } else { None };
        match guess {
            Some(nearest) => problem.help(format!("did you mean `{}`?", shown(nearest))),
            None => problem.help("name a node that exists, or remove the edge"),
        }
    }

    /// What a run needs of each node, and the problems inside nodes.
    fn nodes(&mut self) -> (Vec<PlanNode>, Vec<(NodeIx, Conditions)>) {
        let mut nodes = Vec::with_capacity(self.flow.node_count());
        let mut conditions = Vec::new();
        for index in 0..self.flow.node_count() {
            let node = NodeIx::new(index);
            let view = self.flow.node(node);
            let task_type = view.task_type();
            let role = self.types.role(&task_type);
            if role.is_none() && !task_type.is_empty() {
                self.found.push(self.unknown_task_type(node, &task_type));
            }
            let read = view.conditions().and_then(|raw| self.conditions(node, raw));
            nodes.push(PlanNode { role, start_if: view.start_if(), has_conditions: read.is_some() });
            conditions.extend(read.map(|read| (node, read)));
        }
        (nodes, conditions)
    }

    fn unknown_task_type(&self, node: NodeIx, task_type: &str) -> Diagnostic {
        let slot = &self.flow.document.nodes()[node.index()];
        let message = format!(
            "node `{}` has the task type `{}`, which nobody here can do",
            shown(&self.node_id(node)),
            shown(task_type)
        );
        let names = self.types.names().collect::<Vec<_>>().join(", ");
        let problem =
            Diagnostic::error("plan.unknown-task-type", self.at_node(node, "data/task_type"), message)
                .help(format!("known task types: {names}"));
        self.about_node(problem, node, slot.task_type)
    }

    /// Reads the conditions of a node and counts them against its limit.
    fn conditions(&mut self, node: NodeIx, raw: &str) -> Option<Conditions> {
        let slot = self.flow.document.nodes()[node.index()];
        let id = self.node_id(node);
        let conditions = match Conditions::parse(raw) {
            Ok(conditions) => conditions,
            Err(malformed) => {
                let key = match malformed.index() {
                    Some(index) => format!("data/conditions/{index}"),
                    None => "data/conditions".to_owned(),
                };
                let message = format!("the conditions of node `{}` cannot be read: {malformed}", shown(&id));
                let problem =
                    Diagnostic::error("plan.malformed-conditions", self.at_node(node, &key), message)
                        .help("conditions are null or an array of {joiner, data_type, operator, value}");
                self.found.push(self.about_node(problem, node, slot.conditions));
                return None;
            }
        };
        if let Some(limit) = self.limit(slot.max_conds)
            && conditions.len() as f64 > limit
        {
            let (count, id) = (conditions.len(), shown(&id));
            let message = format!("node `{id}` has {count} conditions, over its maxConds of {limit}");
            let problem = Diagnostic::error("plan.max-conds", self.at_node(node, "data/conditions"), message)
                .help("remove conditions, or raise maxConds");
            self.found.push(self.about_node(problem, node, slot.conditions));
        }
        Some(conditions)
    }

    fn limit(&self, span: Span) -> Option<f64> {
        span.text(self.flow.to_json()).parse().ok()
    }

    /// The smallest `maxNodes` on any node limits the flow.
    fn limit_nodes(&mut self) {
        let slots = self.flow.document.nodes();
        let limits =
            slots.iter().enumerate().filter_map(|(index, slot)| Some((self.limit(slot.max_nodes)?, index)));
        let Some((limit, index)) = limits.min_by(|a, b| a.0.total_cmp(&b.0)) else { return };
        let count = slots.len();
        if count as f64 > limit {
            let node = NodeIx::new(index);
            let id = self.node_id(node);
            let message =
                format!("the flow has {count} nodes, over the maxNodes of {limit} on node `{}`", shown(&id));
            let problem = Diagnostic::error("plan.max-nodes", self.at_node(node, "data/maxNodes"), message)
                .help("remove nodes, or raise maxNodes on every node");
            self.found.push(self.about_node(problem, node, slots[index].max_nodes));
        }
    }

    fn name_cycles(&mut self, links: &Links) {
        if links.nodes().all(|node| !links.parents(node).is_empty()) {
            let message = "no node can be the first: every node has an incoming edge".to_owned();
            let problem = Diagnostic::error("plan.no-root", "/nodes".into(), message);
            self.found.push(problem.help("remove the edges into the node that is to start"));
        }
        for cycle in cycles(links) {
            let mut ids: Vec<String> =
                cycle.iter().take(20).map(|&node| shown(&self.node_id(node))).collect();
            if cycle.len() > ids.len() {
                ids.push(format!("… {} more", cycle.len() - ids.len()));
            }
            ids.push(ids[0].clone());
            let message = format!("the flow has a cycle: {}", ids.join(" -> "));
            let problem = Diagnostic::error("plan.cycle", self.at_node(cycle[0], ""), message)
                .help("a flow has no loops: remove one of these edges");
            self.found.push(self.about_node(problem, cycle[0], Span::default()));
        }
    }

    /// What runs here but not in the public original, and what can never run.
    fn warn(&mut self, graph: &Graph<'_>) {
        let Graph { links, nodes, .. } = *graph;
        let roots: Vec<NodeIx> = links.nodes().filter(|&node| links.parents(node).is_empty()).collect();
        if roots.len() > 1 || roots.first().is_some_and(|root| root.index() != 0) {
            let message = match &*roots {
                [root] => {
                    format!("node `{}` starts, though it is not the first", shown(&self.node_id(*root)))
                }
                several => format!("{} nodes start at once: they have no incoming edge", several.len()),
            };
            let root = *roots.iter().find(|root| root.index() != 0).unwrap_or(&roots[0]);
            let warning = Diagnostic::warning("plan.roots", self.at_node(root, ""), message)
                .help("the public original starts the first node only");
            self.found.push(self.about_node(warning, root, Span::default()));
        }
        for node in links.nodes() {
            self.warn_node(node, links, nodes);
        }
        self.warn_dead(graph);
    }

    fn warn_node(&mut self, node: NodeIx, links: &Links, nodes: &[PlanNode]) {
        let (children, parents) = (links.children(node), links.parents(node));
        let (id, info) = (shown(&self.node_id(node)), nodes[node.index()]);
        let slot = self.flow.document.nodes()[node.index()];
        let mut warn = |code, key: &str, span, message: String, help: &str| {
            let warning = Diagnostic::warning(code, self.at_node(node, key), message).help(help);
            self.found.push(self.about_node(warning, node, span));
        };
        if parents.is_empty() && children.is_empty() && nodes.len() > 1 {
            let message = format!("node `{id}` is linked to no other: it starts at once");
            warn("plan.unlinked", "", Span::default(), message, "link it, or remove it");
        }
        if parents.len() > 1 {
            let message = format!(
                "node `{id}` has {} incoming edges: it starts once, after all of them",
                parents.len()
            );
            let help = "the public original starts it once for every edge";
            warn("plan.join", "", Span::default(), message, help);
        }
        if !info.has_conditions && children.len() > 1 {
            let message = format!("node `{id}` starts {} nodes at once", children.len());
            let help = "the public original starts none of them and ends the run";
            warn("plan.fan-out", "", Span::default(), message, help);
        }
        if info.has_conditions {
            for side in [true, false] {
                let count =
                    children.iter().filter(|child| nodes[child.index()].start_if == Some(side)).count();
                if count > 1 {
                    let message = format!("node `{id}` starts {count} nodes when its conditions are {side}");
                    let help = "the public original starts the one of the last edge only";
                    warn("plan.same-start-if", "", Span::default(), message, help);
                }
            }
        }
        let conditions_above = parents.iter().any(|parent| nodes[parent.index()].has_conditions);
        let start_if_given = !slot.start_if.is_absent();
        if start_if_given && !conditions_above {
            let message = format!("start_if of node `{id}` is ignored: no node above it has conditions");
            warn("plan.start-if-ignored", "data/start_if", slot.start_if, message, "set it to null");
        } else if start_if_given && info.start_if.is_none() {
            let message = format!("start_if of node `{id}` is neither true nor false: it counts as null");
            warn("plan.start-if-value", "data/start_if", slot.start_if, message, "set it to true or false");
        }
    }

    /// Nodes that no run can reach, whatever the tasks do.
    fn warn_dead(&mut self, graph: &Graph<'_>) {
        let mut dead = vec![false; graph.nodes.len()];
        for &node in graph.order {
            let (parents, info) = (graph.links.parents(node), graph.nodes[node.index()]);
            let is_dead_edge = |parent: &NodeIx| {
                let above = graph.nodes[parent.index()];
                let unrouted = above.has_conditions && info.start_if.is_none();
                dead[parent.index()] || above.role.is_none() || unrouted
            };
            if parents.is_empty() || !parents.iter().all(is_dead_edge) {
                continue;
            }
            dead[node.index()] = true;
            let unrouted = parents.iter().any(|parent| graph.nodes[parent.index()].has_conditions);
            let id = shown(&self.node_id(node));
            let (message, help) = if unrouted && info.start_if.is_none() {
                let message =
                    format!("node `{id}` never starts: it stands below conditions and its start_if is null");
                (message, "set start_if to true or false")
            } else {
                (
                    format!("node `{id}` never starts: no edge into it can be taken"),
                    "link it elsewhere, or remove it",
                )
            };
            let warning = Diagnostic::warning("plan.never-runs", self.at_node(node, ""), message).help(help);
            self.found.push(self.about_node(warning, node, Span::default()));
        }
    }

    /// Expressions that do not say what their author may think.
    fn warn_conditions(&mut self, links: &Links, conditions: &[(NodeIx, Conditions)]) {
        // An own task type above may report facts with any keys.
        let documented = (0..links.node_count()).all(|index| {
            let task_type = self.flow.node(NodeIx::new(index)).task_type();
            task_type.is_empty() || TaskTypes::documented_role(&task_type).is_some()
        });
        for (node, conditions) in conditions {
            let slot = self.flow.document.nodes()[node.index()];
            for lint in conditions.lint(|_| !documented) {
                let pointer = self.at_node(*node, &format!("data/conditions/{}", lint.expression));
                let message = format!(
                    "condition {} of node `{}`: {}",
                    lint.expression + 1,
                    shown(&self.node_id(*node)),
                    lint.kind
                );
                let warning = Diagnostic::warning(lint.kind.code(), pointer, message);
                self.found.push(self.about_node(warning, *node, slot.conditions));
            }
        }
    }
}

/// The id that is most like `id`, if one is much like it.
fn nearest<'a>(id: &str, ids: &'a HashMap<Cow<'_, str>, NodeIx>) -> Option<&'a str> {
    // Only for flows a person draws: the distance is computed to every id.
    if ids.len() > 1_000 || id.len() > 80 {
        return None;
    }
    let mut known: Vec<(&NodeIx, &str)> = ids_in_order(ids);
    known.retain(|(_, known)| (3..=80).contains(&known.len()));
    let close = known.iter().map(|(_, known)| (strsim::damerau_levenshtein(id, known), *known));
    close
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn ids_in_order<'a>(ids: &'a HashMap<Cow<'_, str>, NodeIx>) -> Vec<(&'a NodeIx, &'a str)> {
    #[expect(clippy::iter_over_hash_type, reason = "sorted before it is used")]
    let mut known: Vec<(&NodeIx, &str)> = {
        let mut known = Vec::with_capacity(ids.len());
        for (id, node) in ids {
            known.push((node, &**id));
        }
        known
    };
    known.sort();
    known
}
