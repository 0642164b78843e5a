//! The checks that make a flow a plan. Each problem has a code, the node or edge, and a JSON pointer.

use super::about::{About, at_first};
use super::cycles::{cycles, has_cycle};
use super::ids::{Ids, NotEntered};
use super::interned::Interned;
use super::{Links, Plan, PlanNode, TaskTypes, settings, warnings};
use crate::Semantics;
use crate::condition::Conditions;
use crate::model::json::{Span, is_same};
use crate::model::{Diagnostic, Findings, Flow, NodeIx, NodeSlot, nearest, shown};

/// So many unknown ids get a guess at what was meant: each is compared with every id there is.
pub(super) const GUESSES: usize = 20;

pub(super) fn check<'a>(
    flow: &'a Flow,
    types: &'a TaskTypes,
    semantics: Semantics,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut check = Check {
        flow,
        about: About(flow),
        conditions: Vec::new(),
        max_nodes: MaxNodes::default(),
        problems: Findings::default(),
        is_whole: true,
        guesses: 0,
    };
    if flow.node_count() == 0 {
        let problem = Diagnostic::error("plan.empty-flow", "/nodes".into(), "the flow has no nodes".into());
        check.broken(|| problem.help("add a node with a task_type"));
    }
    let mut task_types = Interned::new(types);
    let (ids, mut nodes) = check.nodes(&mut task_types);
    let links = Links::new(flow.node_count(), check.edges(&ids));
    let settings = settings::read(flow, &mut nodes, semantics, &mut check.problems);
    if has_cycle(&links) {
        check.name_cycles(&links);
    }
    check.limit_nodes();
    let Check { problems, conditions, is_whole, .. } = check;
    if problems.is_empty() {
        let (nodes, task_types) = (nodes.into(), task_types.names);
        return Ok(Plan { flow: flow.clone(), links, nodes, conditions, settings, task_types });
    }
    let mut advice = Findings::default();
    if is_whole {
        warnings::of_graph(&mut advice, flow, &links, &nodes);
    }
    warnings::of_settings(&mut advice, flow);
    warnings::of_config_names(&mut advice, flow);
    warnings::of_conditions(&mut advice, flow, &conditions);
    let mut found = problems.into_vec();
    found.append(&mut advice.into_vec());
    Err(found)
}

/// What the check has found so far.
struct Check<'a> {
    flow: &'a Flow,
    about: About<'a>,
    conditions: Vec<(NodeIx, Conditions)>,
    max_nodes: MaxNodes<'a>,
    problems: Findings,
    /// Whether the graph is the one that was meant: no id is broken, no edge, and there is no cycle.
    is_whole: bool,
    guesses: usize,
}

/// The smallest `maxNodes`, and the first node that has it.
#[derive(Default)]
struct MaxNodes<'a> {
    smallest: Option<(f64, NodeIx)>,
    /// The last one that was read: mostly all nodes say the same.
    last: Option<&'a str>,
}

impl<'a> Check<'a> {
    /// Adds a problem for which the graph is not the one that was meant.
    fn broken(&mut self, problem: impl FnOnce() -> Diagnostic) {
        self.is_whole = false;
        self.problems.add(problem);
    }

    /// The node of each id and what a run needs of each node, with the problems of both.
    fn nodes(&mut self, task_types: &mut Interned<'a>) -> (Ids<'a>, Vec<PlanNode>) {
        let text = self.flow.to_json();
        let slots = self.flow.document.nodes();
        let mut ids = Ids::new(text, slots);
        let mut nodes = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let node = NodeIx::new(index);
            match ids.insert(slot.id, node) {
                Ok(()) => self.compare_ids(node, slot),
                Err(refused) => self.refused_id(node, slot, refused),
            }
            nodes.push(self.node(node, slot, task_types));
        }
        (ids, nodes)
    }

    /// An id may stand a second time inside the data.
    fn compare_ids(&mut self, node: NodeIx, slot: &NodeSlot) {
        let (about, text) = (self.about, self.flow.to_json());
        let agree = slot.data_id.is_absent()
            || is_same(slot.data_id.bytes(text), slot.id.bytes(text))
            || about.text(slot.data_id) == about.text(slot.id);
        if !agree {
            self.broken(|| {
                let (id, data_id) = (about.shown_id(node), shown(&about.text(slot.data_id)));
                let message = format!("node `{id}` has the id `{data_id}` inside its data");
                about
                    .error("plan.id-mismatch", (node, "data/id", slot.data_id), message)
                    .help("make `id` and `data.id` the same")
            });
        }
    }

    fn refused_id(&mut self, node: NodeIx, slot: &NodeSlot, refused: NotEntered) {
        let about = self.about;
        match refused {
            NotEntered::Missing => self.broken(|| {
                let message = format!("the node at place {} has no id", node.index() + 1);
                about.error("plan.missing-id", (node, "id", slot.id), message)
            }),
            NotEntered::Taken(first) => {
                self.compare_ids(node, slot);
                self.broken(|| {
                    let (id, place) = (about.shown_id(node), first.index() + 1);
                    let message = format!("two nodes have the id `{id}`; the first stands at place {place}");
                    about
                        .error("plan.duplicate-id", (node, "id", slot.id), message)
                        .help("give every node an id of its own")
                });
            }
        }
    }

    /// The nodes that each edge links, and the problems of edges. An edge with a problem is left out.
    fn edges(&mut self, ids: &Ids<'_>) -> Vec<(NodeIx, NodeIx)> {
        let about = self.about;
        let slots = self.flow.document.edges();
        let mut edges = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let ends = (ids.get(slot.source), ids.get(slot.target));
            let (Some(source), Some(target)) = ends else {
                for (key, end) in [("source", ends.0), ("target", ends.1)] {
                    if end.is_none() {
                        self.dangling(index, key);
                    }
                }
                continue;
            };
            if source == target {
                self.broken(|| {
                    let message = format!("node `{}` leads to itself", about.shown_id(source));
                    Diagnostic::error("plan.self-edge", format!("/edges/{index}"), message)
                        .node(&about.text(slot.source))
                        .edge(&about.text(slot.id))
                        .at(slot.target.range())
                        .help("a flow has no loops: remove the edge")
                });
                continue;
            }
            edges.push((source, target));
        }
        edges
    }

    /// An edge that names a node that does not exist, at `key`.
    fn dangling(&mut self, index: usize, key: &str) {
        let (flow, about) = (self.flow, self.about);
        self.is_whole = false;
        let guesses = &mut self.guesses;
        self.problems.add(|| {
            let slot = &flow.document.edges()[index];
            let (end, other, subject, verb) = match key {
                "target" => (slot.target, slot.source, "node", "leads to"),
                _ => (slot.source, slot.target, "the edge to", "comes from"),
            };
            let id = about.text(end);
            let message = if id.is_empty() {
                format!("the edge at place {} has no {key}", index + 1)
            } else {
                let (other, id) = (shown(&about.text(other)), shown(&id));
                format!("{subject} `{other}` {verb} `{id}`, which this flow does not define")
            };
            let problem = Diagnostic::error("plan.dangling-edge", format!("/edges/{index}/{key}"), message);
            let problem = at_first(problem.edge(&about.text(slot.id)), [end, slot.id, other]);
            *guesses += 1;
            let guess = if *guesses <= GUESSES { nearest_id(&id, flow) } else { None };
            match guess {
                Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
                None => problem.help("name a node that exists, or remove the edge"),
            }
        });
    }

    /// What a run needs of a node, and the problems inside.
    fn node(&mut self, node: NodeIx, slot: &NodeSlot, task_types: &mut Interned<'a>) -> PlanNode {
        let view = self.flow.node(node);
        let known = match slot.task_type.text(view.text) {
            "" | "\"\"" => None,
            raw => task_types.of(raw).or_else(|| {
                self.unknown_task_type(node, slot.task_type, task_types.known);
                None
            }),
        };
        let (task_type, role) = known.unzip();
        let conditions = view.conditions().and_then(|raw| self.read_conditions(node, raw));
        let has_conditions = conditions.is_some();
        self.conditions.extend(conditions.map(|conditions| (node, conditions)));
        self.max_nodes.note(node, slot.max_nodes, view.text);
        PlanNode {
            task_type: task_type.unwrap_or_default(),
            role,
            start_if: view.start_if(),
            has_conditions,
            has_settings: false,
        }
    }

    fn unknown_task_type(&mut self, node: NodeIx, span: Span, types: &TaskTypes) {
        let about = self.about;
        self.problems.add(|| {
            let (id, task_type) = (about.shown_id(node), shown(&about.text(span)));
            let message = format!("node `{id}` has the task type `{task_type}`, which nobody here can do");
            let names = types.names().collect::<Vec<_>>().join(", ");
            about
                .error("plan.unknown-task-type", (node, "data/task_type", span), message)
                .help(format!("known task types: {names}"))
        });
    }

    /// Reads the conditions of a node and counts them against its limit.
    fn read_conditions(&mut self, node: NodeIx, raw: &str) -> Option<Conditions> {
        let slot = &self.flow.document.nodes()[node.index()];
        let about = self.about;
        let conditions = match Conditions::parse(raw) {
            Ok(conditions) => conditions,
            Err(malformed) => {
                self.problems.add(|| {
                    let key = match malformed.index() {
                        Some(index) => format!("data/conditions/{index}"),
                        None => "data/conditions".to_owned(),
                    };
                    let id = about.shown_id(node);
                    let message = format!("the conditions of node `{id}` cannot be read: {malformed}");
                    about
                        .error("plan.malformed-conditions", (node, &key, slot.conditions), message)
                        .help("conditions are null or an array of {joiner, data_type, operator, value}")
                });
                return None;
            }
        };
        let count = conditions.len();
        if let Some(limit) = limit(slot.max_conds.text(self.flow.to_json()))
            && count as f64 > limit
        {
            self.problems.add(|| {
                let id = about.shown_id(node);
                let message = format!("node `{id}` has {count} conditions, over its maxConds of {limit}");
                about
                    .error("plan.max-conds", (node, "data/conditions", slot.conditions), message)
                    .help("remove conditions, or raise maxConds")
            });
        }
        Some(conditions)
    }

    /// The smallest `maxNodes` on any node limits the flow.
    fn limit_nodes(&mut self) {
        let (about, slots) = (self.about, self.flow.document.nodes());
        let count = slots.len();
        if let Some((limit, node)) = self.max_nodes.smallest
            && count as f64 > limit
        {
            self.problems.add(|| {
                let (id, span) = (about.shown_id(node), slots[node.index()].max_nodes);
                let message =
                    format!("the flow has {count} nodes, over the maxNodes of {limit} on node `{id}`");
                about
                    .error("plan.max-nodes", (node, "data/maxNodes", span), message)
                    .help("remove nodes, or raise maxNodes on every node")
            });
        }
    }

    fn name_cycles(&mut self, links: &Links) {
        let about = self.about;
        self.is_whole = false;
        if links.nodes().all(|node| !links.parents(node).is_empty()) {
            let message = "no node can be the first: every node has an incoming edge".to_owned();
            let problem = Diagnostic::error("plan.no-root", "/nodes".into(), message);
            self.problems.add(|| problem.help("remove the edges into the node that is to start"));
        }
        for cycle in cycles(links) {
            self.problems.add(|| {
                let mut ids: Vec<String> = cycle.iter().take(20).map(|&node| about.shown_id(node)).collect();
                if cycle.len() > ids.len() {
                    ids.push(format!("… {} more", cycle.len() - ids.len()));
                }
                ids.push(ids[0].clone());
                let message = format!("the flow has a cycle: {}", ids.join(" -> "));
                about
                    .error("plan.cycle", (cycle[0], "", Span::default()), message)
                    .help("a flow has no loops: remove one of these edges")
            });
        }
    }
}

impl<'a> MaxNodes<'a> {
    fn note(&mut self, node: NodeIx, span: Span, text: &'a str) {
        if span.is_absent() {
            return;
        }
        let raw = Some(span.text(text));
        if raw == self.last {
            return;
        }
        self.last = raw;
        if let Some(limit) = raw.and_then(limit)
            && self.smallest.is_none_or(|(smallest, _)| limit < smallest)
        {
            self.smallest = Some((limit, node));
        }
    }
}

fn limit(raw: &str) -> Option<f64> {
    raw.parse().ok()
}

/// The id that is most like `id`, if one is much like it.
fn nearest_id(id: &str, flow: &Flow) -> Option<String> {
    // Only for flows a person draws: the distance is computed to every id.
    if flow.node_count() > 1_000 {
        return None;
    }
    let ids: Vec<_> = flow.nodes().map(|node| node.id()).collect();
    nearest(id, ids.iter().map(|id| &**id)).map(shown)
}
