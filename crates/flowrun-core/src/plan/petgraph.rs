//! A plan as petgraph walks it: nodes, edges, neighbours in both directions.
//!
//! With the feature `petgraph`, whose types stand in these signatures: a new release of petgraph that breaks is one
//! of this crate, too. The same version is re-exported as `flowrun_core::petgraph`.

use petgraph::data::DataMap;
use petgraph::visit::{
    Data, EdgeCount, EdgeIndexable, EdgeRef, GetAdjacencyMatrix, GraphBase, GraphProp, IntoEdgeReferences,
    IntoEdges, IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers,
    IntoNodeReferences, NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};
use petgraph::{Directed, Direction};

use super::Plan;
use super::links::Visited;
use crate::model::NodeIx;

/// An edge of a plan, for petgraph. Its id is its place in [`Plan::edges`].
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

/// The edges of a plan that leave or enter one node, in the order of the flow.
#[derive(Clone, Debug)]
pub struct PlanEdges<'a> {
    edges: &'a [(NodeIx, NodeIx)],
    numbers: std::slice::Iter<'a, u32>,
}

impl Iterator for PlanEdges<'_> {
    type Item = PlanEdge;

    fn next(&mut self) -> Option<PlanEdge> {
        let index = *self.numbers.next()? as usize;
        Some(PlanEdge { index, ends: self.edges[index] })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.numbers.size_hint()
    }
}

impl ExactSizeIterator for PlanEdges<'_> {}

/// petgraph's algorithms run on a plan as it stands. Nodes and edges weigh nothing (`()`): what an algorithm is to
/// count, it is given as a function.
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
///
/// How many steps each node is away from the end of the flow, against the edges:
///
/// ```
/// use flowrun_core::petgraph::{algo::dijkstra, visit::Reversed};
/// use flowrun_core::{Flow, NodeSpec, Plan, TaskTypes};
///
/// let nodes = ["a", "b", "c"].map(|id| NodeSpec::new(id, "scan"));
/// let flow = nodes.into_iter().fold(Flow::builder(), |flow, node| flow.node(node));
/// let flow = flow.edge("a", "b").edge("b", "c").edge("a", "c").build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented())?;
///
/// let [a, b, c] = ["a", "b", "c"].map(|id| plan.find(id).expect("the flow has it"));
/// let steps = dijkstra(Reversed(&plan), c, None, |_| 1);
/// assert_eq!((steps[&a], steps[&b], steps[&c]), (1, 1, 0));
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

impl EdgeCount for Plan {
    fn edge_count(&self) -> usize {
        self.edges().len()
    }
}

impl EdgeIndexable for Plan {
    fn edge_bound(&self) -> usize {
        self.edges().len()
    }
    fn to_index(&self, edge: usize) -> usize {
        edge
    }
    fn from_index(&self, index: usize) -> usize {
        index
    }
}

impl DataMap for Plan {
    fn node_weight(&self, node: NodeIx) -> Option<&()> {
        (node.index() < Self::node_count(self)).then_some(&())
    }
    fn edge_weight(&self, edge: usize) -> Option<&()> {
        (edge < self.edges().len()).then_some(&())
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

impl<'a> IntoNodeReferences for &'a Plan {
    type NodeRef = (NodeIx, &'a ());
    type NodeReferences = std::iter::Map<std::ops::Range<usize>, fn(usize) -> (NodeIx, &'a ())>;

    fn node_references(self) -> Self::NodeReferences {
        (0..self.node_count()).map(|index| (NodeIx::new(index), &()))
    }
}

impl<'a> IntoEdges for &'a Plan {
    type Edges = PlanEdges<'a>;

    fn edges(self, node: NodeIx) -> PlanEdges<'a> {
        self.edges_directed(node, Direction::Outgoing)
    }
}

impl<'a> IntoEdgesDirected for &'a Plan {
    type EdgesDirected = PlanEdges<'a>;

    fn edges_directed(self, node: NodeIx, direction: Direction) -> PlanEdges<'a> {
        let numbers = self.links.edge_numbers(node, direction).iter();
        PlanEdges { edges: Plan::edges(self), numbers }
    }
}

/// The edges stand in lists that are short as a rule: a matrix of a million nodes would not fit into memory.
impl GetAdjacencyMatrix for Plan {
    type AdjMatrix = ();

    fn adjacency_matrix(&self) {}
    fn is_adjacent(&self, (): &(), from: NodeIx, to: NodeIx) -> bool {
        let (children, parents) = (self.children(from), self.parents(to));
        if children.len() <= parents.len() { children.contains(&to) } else { parents.contains(&from) }
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

#[cfg(test)]
mod tests {
    use petgraph::algo::{all_simple_paths, dijkstra, has_path_connecting, is_isomorphic};
    use petgraph::graph::DiGraph;
    use petgraph::visit::{EdgeFiltered, Reversed};
    use proptest::prelude::*;

    use super::*;
    use crate::{Flow, NodeSpec, TaskTypes};

    /// The plan of so many nodes with these edges, each from a lower to a higher node.
    fn plan(nodes: usize, edges: &[(usize, usize)]) -> Plan {
        let flow =
            (0..nodes).fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(id.to_string(), "scan")));
        let flow = edges.iter().fold(flow, |flow, (from, to)| flow.edge(from.to_string(), to.to_string()));
        Plan::new(&flow.build().unwrap(), &TaskTypes::documented()).unwrap()
    }

    fn edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
        let edge = (0..8_usize, 0..8_usize).prop_filter("no cycle", |(from, to)| from != to);
        let edge = edge.prop_map(|(from, to)| (from.min(to), from.max(to)));
        prop::collection::btree_set(edge, 0..20).prop_map(|edges| edges.into_iter().rev().collect())
    }

    proptest! {
        /// petgraph's own graph of the same edges is the model.
        #[test]
        fn a_plan_is_walked_as_petgraphs_own_graph_is(edges in edges()) {
            let plan = plan(8, &edges);
            let mut model = DiGraph::<(), ()>::new();
            let nodes: Vec<_> = (0..8).map(|_| model.add_node(())).collect();
            for (from, to) in &edges {
                model.add_edge(nodes[*from], nodes[*to], ());
            }
            prop_assert_eq!(plan.edge_count(), model.edge_count());
            for (&of_model, of_plan) in nodes.iter().zip(plan.node_identifiers()) {
                for direction in [Direction::Outgoing, Direction::Incoming] {
                    let mut expected: Vec<_> = model
                        .edges_directed(of_model, direction)
                        .map(|edge| (edge.id().index(), edge.source().index(), edge.target().index()))
                        .collect();
                    // The model gives the last one first.
                    expected.sort_unstable();
                    let walked = plan.edges_directed(of_plan, direction);
                    prop_assert_eq!(walked.len(), expected.len());
                    let walked: Vec<_> = walked
                        .map(|edge| (edge.id(), edge.source().index(), edge.target().index()))
                        .collect();
                    prop_assert_eq!(&walked, &expected);
                    let neighbours = plan.neighbors_directed(of_plan, direction).map(NodeIx::index);
                    let ends = walked.iter().map(|&(_, source, target)| match direction {
                        Direction::Outgoing => target,
                        Direction::Incoming => source,
                    });
                    prop_assert!(neighbours.eq(ends));
                }
                for (&to_model, to_plan) in nodes.iter().zip(plan.node_identifiers()) {
                    prop_assert_eq!(
                        plan.is_adjacent(&(), of_plan, to_plan),
                        model.contains_edge(of_model, to_model)
                    );
                    prop_assert_eq!(
                        has_path_connecting(&plan, of_plan, to_plan, None),
                        has_path_connecting(&model, of_model, to_model, None)
                    );
                }
                let steps = dijkstra(&plan, of_plan, None, |_| 1);
                let expected = dijkstra(&model, of_model, None, |_| 1);
                let of_plan_nodes = plan.node_identifiers().map(|node| steps.get(&node));
                prop_assert!(of_plan_nodes.eq(nodes.iter().map(|node| expected.get(node))));
                let steps = dijkstra(Reversed(&plan), of_plan, None, |_| 1);
                let expected = dijkstra(Reversed(&model), of_model, None, |_| 1);
                let of_plan_nodes = plan.node_identifiers().map(|node| steps.get(&node));
                prop_assert!(of_plan_nodes.eq(nodes.iter().map(|node| expected.get(node))));
            }
            prop_assert!(is_isomorphic(&plan, &model));
        }
    }

    #[test]
    fn two_edges_between_the_same_nodes_are_two() {
        let plan = plan(3, &[(0, 1), (0, 2), (0, 1)]);
        let of = |node| plan.edges_directed(NodeIx::new(node), Direction::Incoming).map(|edge| edge.id());
        assert_eq!(of(1).collect::<Vec<_>>(), [0, 2]);
        let leaving = IntoEdges::edges(&plan, NodeIx::new(0)).map(|edge| edge.id());
        assert_eq!(leaving.collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((plan.edge_bound(), plan.edge_weight(2), plan.edge_weight(3)), (3, Some(&()), None));
        assert_eq!((plan.node_weight(NodeIx::new(2)), plan.node_weight(NodeIx::new(3))), (Some(&()), None));
        let ids = plan.node_references().map(|(node, ())| plan.node_id(node).into_owned());
        assert_eq!(ids.collect::<Vec<_>>(), ["0", "1", "2"]);
    }

    #[test]
    fn what_petgraph_builds_on_edges_builds_on_a_plan() {
        let plan = plan(4, &[(0, 1), (1, 3), (0, 2), (2, 3), (0, 3)]);
        let [first, last] = [0, 3].map(NodeIx::new);
        let paths = all_simple_paths::<Vec<_>, _, std::collections::hash_map::RandomState>(
            &plan, first, last, 0, None,
        );
        assert_eq!(paths.count(), 3);
        let direct = EdgeFiltered::from_fn(&plan, |edge| edge.source() != first || edge.target() == last);
        assert_eq!(dijkstra(&direct, first, None, |_| 1).len(), 2);
        let without_one = petgraph::visit::NodeFiltered::from_fn(&plan, |node| node != NodeIx::new(1));
        assert!(!has_path_connecting(&without_one, first, NodeIx::new(1), None));
    }
}
