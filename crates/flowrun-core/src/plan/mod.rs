//! Plans: flows that were checked, with their graph in flat arrays.
//!
//! A plan owns everything a run needs to know of the drawing. It knows nothing of a run.

mod about;
mod check;
mod cycles;
mod ids;
mod links;
#[cfg(test)]
mod tests;
mod warnings;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::condition::Conditions;
use crate::model::{Diagnostic, Findings, Flow, Node, NodeIx};
pub(crate) use links::Links;

/// What a node of a task type is handed when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Role {
    /// Starts afresh from pages or the site: `scan`, `test`, `case`, `report`.
    Producer,
    /// Is handed the entries of the nodes above and works on each: `slack`, `email`, `phone`, `webhook`.
    Receiver,
    /// Is handed the entries of the nodes above and registers entries of its own for them: `issue`.
    Converter,
}

impl Role {
    /// Whether nodes of this role are handed the entries of the nodes above.
    #[must_use]
    pub const fn takes_objects(self) -> bool {
        matches!(self, Self::Receiver | Self::Converter)
    }
}

/// The task types a flow may name, each with its role.
///
/// ```
/// use flowrun_core::{Role, TaskTypes};
///
/// let types = TaskTypes::documented().with("audit", Role::Producer);
/// assert_eq!(types.role("slack"), Some(Role::Receiver));
/// assert_eq!(types.role("audit"), Some(Role::Producer));
/// assert_eq!(types.role("paint"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskTypes(BTreeMap<String, Role>);

impl TaskTypes {
    const DOCUMENTED: [(&'static str, Role); 9] = [
        ("scan", Role::Producer),
        ("test", Role::Producer),
        ("case", Role::Producer),
        ("report", Role::Producer),
        ("issue", Role::Converter),
        ("phone", Role::Receiver),
        ("slack", Role::Receiver),
        ("email", Role::Receiver),
        ("webhook", Role::Receiver),
    ];

    /// The nine task types of the documented flows.
    #[must_use]
    pub fn documented() -> Self {
        Self(Self::DOCUMENTED.iter().map(|&(name, role)| (name.to_owned(), role)).collect())
    }

    /// The same types and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, role: Role) -> Self {
        self.0.insert(name.into(), role);
        self
    }

    /// The role of a type; `None` when it is not known.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Role> {
        self.0.get(name).copied()
    }

    /// The type of this name as it is registered, with its role.
    fn get(&self, name: &str) -> Option<(&str, Role)> {
        self.0.get_key_value(name).map(|(name, &role)| (&**name, role))
    }

    /// The role that a documented type has, whatever is registered.
    #[must_use]
    pub fn documented_role(name: &str) -> Option<Role> {
        Self::DOCUMENTED.iter().find(|(known, _)| *known == name).map(|&(_, role)| role)
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A flow that can run: acyclic, linked, with its conditions read.
///
/// Cloning is cheap where it is behind an [`Arc`](std::sync::Arc); a plan is never changed.
#[derive(Debug)]
pub struct Plan {
    flow: Flow,
    links: Links,
    nodes: Box<[PlanNode]>,
    /// The conditions of the nodes that have some, by node.
    conditions: Vec<(NodeIx, Conditions)>,
    /// The task types in use, each once, as they come up first.
    task_types: Vec<Box<str>>,
}

/// What a run looks up of a node all the time, in eight bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlanNode {
    /// The place in the plan's task types; of no meaning for an empty node.
    task_type: u32,
    /// `None` for an empty node.
    pub(crate) role: Option<Role>,
    pub(crate) start_if: Option<bool>,
    pub(crate) has_conditions: bool,
}

impl Plan {
    /// Checks a flow against the task types that can be done.
    ///
    /// # Errors
    ///
    /// The problems of the flow, in the order of the document, and after them its warnings, as far as they
    /// can be known; of each at most [`Findings::MOST`]. The warnings of a flow without problems are
    /// [`warnings`](Self::warnings) of the plan.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges), besides looking up the ids: one for each node, two for each edge.
    pub fn new(flow: &Flow, types: &TaskTypes) -> Result<Self, Vec<Diagnostic>> {
        check::check(flow, types)
    }

    /// Everything that is worth saying about a flow, errors before warnings; also the warnings of a flow
    /// that is refused, as far as they can be known.
    #[must_use]
    pub fn diagnose(flow: &Flow, types: &TaskTypes) -> Vec<Diagnostic> {
        match Self::new(flow, types) {
            Ok(plan) => plan.warnings(),
            Err(problems) => problems,
        }
    }

    /// The flow.
    #[must_use]
    pub const fn flow(&self) -> &Flow {
        &self.flow
    }

    /// What the flow's author may want to know though the flow runs; at most [`Findings::MOST`].
    ///
    /// # Complexity
    ///
    /// O(nodes + edges): they are looked for when asked for, as a run has no use for them.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut found = Findings::default();
        let Self { flow, links, nodes, conditions, .. } = self;
        warnings::of_graph(&mut found, flow, links, nodes);
        warnings::of_conditions(&mut found, flow, conditions);
        found.into_vec()
    }

    /// The number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes without incoming edge, in the order of the flow.
    pub fn roots(&self) -> impl Iterator<Item = NodeIx> {
        self.node_ixs().filter(|&node| self.links.parents(node).is_empty())
    }

    /// The nodes that the edges of `node` lead to, in the order of the edges.
    #[must_use]
    pub fn children(&self, node: NodeIx) -> &[NodeIx] {
        self.links.children(node)
    }

    /// The nodes whose edges lead to `node`, in the order of the edges.
    #[must_use]
    pub fn parents(&self, node: NodeIx) -> &[NodeIx] {
        self.links.parents(node)
    }

    /// The source and the target of each edge, in the order of the flow.
    #[must_use]
    pub fn edges(&self) -> &[(NodeIx, NodeIx)] {
        self.links.edges()
    }

    /// A node as the flow has it.
    #[must_use]
    pub fn node(&self, node: NodeIx) -> Node<'_> {
        self.flow.node(node)
    }

    /// The id of a node.
    #[must_use]
    pub fn node_id(&self, node: NodeIx) -> Cow<'_, str> {
        self.node(node).id()
    }

    /// The node of an id.
    ///
    /// # Complexity
    ///
    /// O(nodes): for people and tests, not for every event.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<NodeIx> {
        self.node_ixs().find(|&node| self.node_id(node) == id)
    }

    /// The task types of the flow, each once.
    pub fn task_types(&self) -> impl ExactSizeIterator<Item = &str> {
        self.task_types.iter().map(|name| &**name)
    }

    /// Which of the [`task_types`](Self::task_types) a node is of, from 0; `None` for an empty node.
    #[must_use]
    pub fn task_type_of(&self, node: NodeIx) -> Option<usize> {
        let info = self.info(node);
        info.role.map(|_| info.task_type as usize)
    }

    /// The role of a node; `None` for an empty node.
    #[must_use]
    pub fn role(&self, node: NodeIx) -> Option<Role> {
        self.info(node).role
    }

    /// The conditions of a node; `None` when it has none.
    #[must_use]
    pub fn conditions(&self, node: NodeIx) -> Option<&Conditions> {
        if !self.info(node).has_conditions {
            return None;
        }
        let at = self.conditions.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(&self.conditions[at].1)
    }

    /// A problem that a host found with a node, in the shape of the plan's own.
    #[must_use]
    pub fn problem(&self, node: NodeIx, code: &'static str, message: String) -> Diagnostic {
        let slot = &self.flow.document.nodes()[node.index()];
        let problem = Diagnostic::error(code, format!("/nodes/{}", node.index()), message);
        problem.node(&self.node_id(node)).at(slot.id.range())
    }

    pub(crate) fn info(&self, node: NodeIx) -> PlanNode {
        self.nodes[node.index()]
    }

    pub(crate) fn node_ixs(&self) -> impl DoubleEndedIterator<Item = NodeIx> + use<> {
        (0..self.nodes.len()).map(NodeIx::new)
    }
}
