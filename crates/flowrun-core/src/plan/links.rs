//! The graph in flat arrays: for each node its children and its parents, in the order of the edges.

use petgraph::visit::{
    GraphBase, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, NodeIndexable, Visitable,
};

use crate::model::NodeIx;

/// Compressed adjacency (CSR) in both directions. petgraph's algorithms run on it as it stands, so the graph
/// is never built twice.
#[derive(Debug)]
pub(crate) struct Links {
    edges: Box<[(NodeIx, NodeIx)]>,
    children: Adjacency,
    parents: Adjacency,
    #[cfg(feature = "petgraph")]
    numbers: EdgeNumbers,
}

/// Which edges the neighbours of all nodes stand for, as places in the list of edges: by their sources, and by their
/// targets. A run has no use for them, so they are made when somebody first walks edges.
#[cfg(feature = "petgraph")]
type EdgeNumbers = std::sync::OnceLock<[Box<[u32]>; 2]>;

#[derive(Debug)]
struct Adjacency {
    /// Where the neighbours of each node start, and two entries for the end.
    starts: Box<[u32]>,
    neighbours: Box<[NodeIx]>,
}

impl Links {
    /// The links of `nodes` nodes. Takes two counting passes a direction.
    pub(crate) fn new(nodes: usize, edges: Vec<(NodeIx, NodeIx)>) -> Self {
        let children = Adjacency::new(nodes, edges.iter().copied());
        let parents = Adjacency::new(nodes, edges.iter().map(|&(source, target)| (target, source)));
        Self {
            edges: edges.into(),
            children,
            parents,
            #[cfg(feature = "petgraph")]
            numbers: EdgeNumbers::new(),
        }
    }

    pub(crate) fn edges(&self) -> &[(NodeIx, NodeIx)] {
        &self.edges
    }

    pub(crate) fn children(&self, node: NodeIx) -> &[NodeIx] {
        self.children.of(node)
    }

    pub(crate) fn parents(&self, node: NodeIx) -> &[NodeIx] {
        self.parents.of(node)
    }

    /// The places, in the list of edges, of those that leave or enter the node: in the order of the neighbours.
    ///
    /// # Complexity
    ///
    /// O(edges) the first time, for all nodes; O(1) from then on.
    #[cfg(feature = "petgraph")]
    pub(crate) fn edge_numbers(&self, node: NodeIx, direction: petgraph::Direction) -> &[u32] {
        let [leaving, entering] = self.numbers.get_or_init(|| {
            let sources = self.edges.iter().map(|&(source, _)| source);
            let targets = self.edges.iter().map(|&(_, target)| target);
            [self.children.numbers(sources), self.parents.numbers(targets)]
        });
        match direction {
            petgraph::Direction::Outgoing => &leaving[self.children.range(node)],
            petgraph::Direction::Incoming => &entering[self.parents.range(node)],
        }
    }

    pub(crate) fn parent_counts(&self) -> impl Iterator<Item = u32> {
        let starts = &self.parents.starts[..self.parents.starts.len() - 1];
        starts.windows(2).map(|ends| ends[1] - ends[0])
    }

    pub(crate) fn node_count(&self) -> usize {
        self.children.starts.len() - 2
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeIx> + use<> {
        (0..self.node_count()).map(NodeIx::new)
    }
}

impl Adjacency {
    fn new(nodes: usize, pairs: impl Iterator<Item = (NodeIx, NodeIx)> + Clone) -> Self {
        // Counted two places further on, so that while filling, the entry after a node's own says where its
        // next neighbour goes, and ends up where the node after it starts.
        let mut starts = vec![0_u32; nodes + 2];
        for (from, _) in pairs.clone() {
            starts[from.index() + 2] += 1;
        }
        for node in 2..nodes + 2 {
            starts[node] += starts[node - 1];
        }
        let mut neighbours = vec![NodeIx::new(0); starts[nodes + 1] as usize];
        for (from, to) in pairs {
            let next = &mut starts[from.index() + 1];
            neighbours[*next as usize] = to;
            *next += 1;
        }
        Self { starts: starts.into(), neighbours: neighbours.into() }
    }

    fn of(&self, node: NodeIx) -> &[NodeIx] {
        &self.neighbours[self.range(node)]
    }

    fn range(&self, node: NodeIx) -> std::ops::Range<usize> {
        self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize
    }

    /// For each neighbour the number of its edge, where the edges start in these nodes.
    #[cfg(feature = "petgraph")]
    fn numbers(&self, from: impl Iterator<Item = NodeIx>) -> Box<[u32]> {
        let mut next = self.starts.clone();
        let mut numbers = vec![0; self.neighbours.len()];
        // There are no more edges than the starts can count.
        for (number, from) in (0_u32..).zip(from) {
            let place = &mut next[from.index()];
            numbers[*place as usize] = number;
            *place += 1;
        }
        numbers.into()
    }
}

impl GraphBase for Links {
    type NodeId = NodeIx;
    type EdgeId = usize;
}

impl<'a> IntoNeighbors for &'a Links {
    type Neighbors = std::iter::Copied<std::slice::Iter<'a, NodeIx>>;
    fn neighbors(self, node: NodeIx) -> Self::Neighbors {
        self.children(node).iter().copied()
    }
}

impl<'a> IntoNeighborsDirected for &'a Links {
    type NeighborsDirected = std::iter::Copied<std::slice::Iter<'a, NodeIx>>;
    fn neighbors_directed(self, node: NodeIx, direction: petgraph::Direction) -> Self::NeighborsDirected {
        match direction {
            petgraph::Direction::Outgoing => self.children(node).iter().copied(),
            petgraph::Direction::Incoming => self.parents(node).iter().copied(),
        }
    }
}

impl IntoNodeIdentifiers for &Links {
    type NodeIdentifiers = std::iter::Map<std::ops::Range<usize>, fn(usize) -> NodeIx>;
    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.node_count()).map(NodeIx::new)
    }
}

impl NodeIndexable for Links {
    fn node_bound(&self) -> usize {
        self.node_count()
    }
    fn to_index(&self, node: NodeIx) -> usize {
        node.index()
    }
    fn from_index(&self, index: usize) -> NodeIx {
        NodeIx::new(index)
    }
}

impl Visitable for Links {
    type Map = Visited;
    fn visit_map(&self) -> Visited {
        Visited(vec![false; self.node_count()])
    }
    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(self.node_count(), false);
    }
}

/// Which nodes a petgraph walk has seen.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "petgraph"),
    expect(unreachable_pub, reason = "the feature shows it to petgraph's walks")
)]
pub struct Visited(Vec<bool>);

impl petgraph::visit::VisitMap<NodeIx> for Visited {
    fn visit(&mut self, node: NodeIx) -> bool {
        !std::mem::replace(&mut self.0[node.index()], true)
    }
    fn is_visited(&self, node: &NodeIx) -> bool {
        self.0[node.index()]
    }
    fn unvisit(&mut self, node: NodeIx) -> bool {
        std::mem::take(&mut self.0[node.index()])
    }
}
