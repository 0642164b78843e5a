//! A plan as petgraph walks it: nodes, edges, neighbours in both directions.
//!
//! With the feature `petgraph`, whose types stand in these signatures: a new release of petgraph that breaks is one
//! of this crate, too. The same version is re-exported as `flowrun_core::petgraph`.

use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoNeighbors, IntoNeighborsDirected,
    IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};
use petgraph::{Directed, Direction};

use super::Plan;
use super::links::Visited;
use crate::model::NodeIx;

/// An edge of a plan, for petgraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanEdge {
    index: usize,
    ends: (NodeIx, NodeIx),
}

impl EdgeRef for PlanEdge {
    type NodeId = NodeIx;
    type EdgeId = usize;
    type Weight = ();

    fn source(&self) -> NodeIx {
        self.ends.0
    }
    fn target(&self) -> NodeIx {
        self.ends.1
    }
    fn weight(&self) -> &() {
        &()
    }
    fn id(&self) -> usize {
        self.index
    }
}

/// petgraph's algorithms run on a plan as it stands.
///
/// The longest chain of a flow:
///
/// ```
/// use flowrun_core::petgraph::{Direction, algo::toposort, visit::IntoNeighborsDirected};
/// use flowrun_core::{Flow, NodeSpec, Plan, TaskTypes};
///
/// let nodes = ["a", "b", "c", "d"].map(|id| NodeSpec::new(id, "scan"));
/// let flow = nodes.into_iter().fold(Flow::builder(), |flow, node| flow.node(node));
/// let flow = flow.edge("a", "b").edge("b", "d").edge("a", "c").build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented())?;
///
/// let order = toposort(&plan, None).expect("a plan has no cycle");
/// // For each node the length of the longest chain that ends there, and the node before it.
/// let mut chains = vec![(1, None); plan.node_count()];
/// for &node in &order {
///     for parent in plan.neighbors_directed(node, Direction::Incoming) {
///         let length = chains[parent.index()].0 + 1;
///         chains[node.index()] = chains[node.index()].max((length, Some(parent)));
///     }
/// }
/// let last = order.iter().max_by_key(|node| chains[node.index()].0).copied();
/// let mut chain: Vec<_> = std::iter::successors(last, |node| chains[node.index()].1).collect();
/// chain.reverse();
/// assert_eq!(chain.iter().map(|node| plan.node_id(*node)).collect::<Vec<_>>(), ["a", "b", "d"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl GraphBase for Plan {
    type NodeId = NodeIx;
    type EdgeId = usize;
}

impl GraphProp for Plan {
    type EdgeType = Directed;
}

impl Data for Plan {
    type NodeWeight = ();
    type EdgeWeight = ();
}

impl NodeCount for Plan {
    fn node_count(&self) -> usize {
        Self::node_count(self)
    }
}

impl NodeIndexable for Plan {
    fn node_bound(&self) -> usize {
        Self::node_count(self)
    }
    fn to_index(&self, node: NodeIx) -> usize {
        node.index()
    }
    fn from_index(&self, index: usize) -> NodeIx {
        NodeIx::new(index)
    }
}

impl NodeCompactIndexable for Plan {}

impl<'a> IntoNeighbors for &'a Plan {
    type Neighbors = std::iter::Copied<std::slice::Iter<'a, NodeIx>>;

    fn neighbors(self, node: NodeIx) -> Self::Neighbors {
        self.children(node).iter().copied()
    }
}

impl<'a> IntoNeighborsDirected for &'a Plan {
    type NeighborsDirected = std::iter::Copied<std::slice::Iter<'a, NodeIx>>;

    fn neighbors_directed(self, node: NodeIx, direction: Direction) -> Self::NeighborsDirected {
        match direction {
            Direction::Outgoing => self.children(node).iter().copied(),
            Direction::Incoming => self.parents(node).iter().copied(),
        }
    }
}

impl IntoNodeIdentifiers for &Plan {
    type NodeIdentifiers = std::iter::Map<std::ops::Range<usize>, fn(usize) -> NodeIx>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.node_count()).map(NodeIx::new)
    }
}

impl<'a> IntoEdgeReferences for &'a Plan {
    type EdgeRef = PlanEdge;
    type EdgeReferences = std::iter::Map<
        std::iter::Enumerate<std::slice::Iter<'a, (NodeIx, NodeIx)>>,
        fn((usize, &(NodeIx, NodeIx))) -> PlanEdge,
    >;

    fn edge_references(self) -> Self::EdgeReferences {
        self.edges().iter().enumerate().map(|(index, &ends)| PlanEdge { index, ends })
    }
}

impl Visitable for Plan {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        self.links.visit_map()
    }
    fn reset_map(&self, map: &mut Visited) {
        self.links.reset_map(map);
    }
}
