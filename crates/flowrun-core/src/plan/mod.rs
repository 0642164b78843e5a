//! Plans: flows that were checked, with their graph in flat arrays.
//!
//! A plan owns everything a run needs to know of the drawing. It knows nothing of a run.

mod about;
mod check;
mod cycles;
mod error;
mod ids;
mod interned;
mod kinds;
mod links;
mod names;
#[cfg(feature = "petgraph")]
mod petgraph;
mod problem;
mod settings;
#[cfg(test)]
mod tests;
mod types;
mod warnings;

use std::borrow::Cow;

use crate::Semantics;
use crate::condition::Conditions;
use crate::model::{Diagnostic, Findings, Flow, Node, NodeIx};
pub use error::PlanError;
pub use kinds::{KindsOfNodes, ObjectKinds};
pub(crate) use links::Links;
#[cfg(feature = "petgraph")]
pub use links::Visited;
#[cfg(feature = "petgraph")]
pub use petgraph::{PlanEdge, PlanEdges};
pub use problem::NodeProblem;
pub(crate) use settings::NodeSettings;
pub use settings::{NODE_SETTINGS, NodeSetting, ORIGINAL_SETTINGS, OnUnknown};
pub use types::{EffectClass, Role, TaskTypes};

/// A flow that can run: acyclic, linked, with its conditions read.
///
/// Cloning is cheap where it is behind an [`Arc`](std::sync::Arc); a plan is never changed.
///
/// ```
/// use flowrun_core::{Flow, NodeSpec, Plan, TaskTypes};
///
/// let flow = Flow::builder().node(NodeSpec::new("a", "scan")).node(NodeSpec::new("b", "slack")).edge("a", "b");
/// let plan = Plan::new(&flow.build()?, &TaskTypes::documented())?;
/// let [a, b] = ["a", "b"].map(|id| plan.find(id).expect("the flow has it"));
/// assert_eq!((plan.children(a), plan.parents(b), plan.in_order()), (&[b][..], &[a][..], vec![a, b]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    flow: Flow,
    links: Links,
    nodes: Box<[PlanNode]>,
    /// The conditions of the nodes that have some, by node.
    conditions: Vec<(NodeIx, Conditions)>,
    /// The settings of the nodes that have some, by node.
    settings: Vec<(NodeIx, NodeSettings)>,
    /// The task types in use with the class of their effects, each once, as they come up first.
    task_types: Vec<(Box<str>, EffectClass)>,
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
    pub(crate) has_settings: bool,
}

impl Plan {
    /// Checks a flow against the task types that can be done.
    ///
    /// # Errors
    ///
    /// [`PlanError`] with the problems of the flow, in the order of the document, and its warnings, as far as they
    /// can be known; of each at most [`Findings::MOST`]. The warnings of a flow without problems are
    /// [`warnings`](Self::warnings) of the plan.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges), besides looking up the ids: one for each node, two for each edge.
    pub fn new(flow: &Flow, types: &TaskTypes) -> Result<Self, PlanError> {
        Self::of_run(flow, types, Semantics::default())
    }

    /// The plan of a run that was stored: what is refused today and was not when the run began is let through.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn of_run(flow: &Flow, types: &TaskTypes, semantics: Semantics) -> Result<Self, PlanError> {
        check::check(flow, types, semantics).map_err(PlanError::new)
    }

    /// Everything that is worth saying about a flow, errors before warnings; also the warnings of a flow
    /// that is refused, as far as they can be known.
    #[must_use]
    pub fn diagnose(flow: &Flow, types: &TaskTypes) -> Vec<Diagnostic> {
        match Self::new(flow, types) {
            Ok(plan) => plan.warnings(),
            Err(refused) => refused.into_diagnostics(),
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
        if let Some(only) = warnings::without_tasks(flow, nodes) {
            return vec![only];
        }
        warnings::of_graph(&mut found, flow, links, nodes);
        warnings::of_settings(&mut found, flow);
        warnings::of_config_names(&mut found, flow);
        warnings::of_conditions(&mut found, flow, conditions);
        warnings::of_kinds(&mut found, self);
        found.into_vec()
    }

    /// What the public original would do otherwise, for authors whose flows are to run there too; at most
    /// [`Findings::MOST`].
    ///
    /// # Complexity
    ///
    /// O(nodes + edges).
    #[must_use]
    pub fn compat_warnings(&self) -> Vec<Diagnostic> {
        let mut found = Findings::default();
        warnings::of_original(&mut found, self);
        found.into_vec()
    }

    /// The number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes without incoming edge, in the order of the flow.
    pub fn roots(&self) -> impl Iterator<Item = NodeIx> {
        self.node_ixs().zip(self.parent_counts()).filter(|(_, parents)| *parents == 0).map(|(node, _)| node)
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

    /// How many edges lead to each node.
    pub(crate) fn parent_counts(&self) -> impl Iterator<Item = u32> {
        self.links.parent_counts()
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
        self.task_types.iter().map(|(name, _)| &**name)
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

    /// Every node after all of its parents.
    #[must_use]
    pub fn in_order(&self) -> Vec<NodeIx> {
        cycles::topological_order(&self.links).unwrap_or_default()
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

    /// What an attempt of the node does to the world outside. An empty node has no attempts.
    #[must_use]
    pub fn effect(&self, node: NodeIx) -> EffectClass {
        let task_type = self.task_type_of(node).and_then(|place| self.task_types.get(place));
        task_type.map_or(EffectClass::Read, |(_, effect)| *effect)
    }

    /// What the node says about its own retries and time limits; `None` when it says nothing, as most do.
    #[inline]
    pub(crate) fn settings(&self, node: NodeIx) -> Option<&NodeSettings> {
        if self.info(node).has_settings { self.find_settings(node) } else { None }
    }

    fn find_settings(&self, node: NodeIx) -> Option<&NodeSettings> {
        let at = self.settings.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(&self.settings[at].1)
    }

    pub(crate) fn info(&self, node: NodeIx) -> PlanNode {
        self.nodes[node.index()]
    }

    pub(crate) fn node_ixs(&self) -> impl DoubleEndedIterator<Item = NodeIx> + use<> {
        (0..self.nodes.len()).map(NodeIx::new)
    }
}
