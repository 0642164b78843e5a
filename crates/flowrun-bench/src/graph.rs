//! The graphs that everything is measured on. The same size gives the same graph, on any machine.

pub use flowrun_sim::synth::{Graph, Shape};

/// The shapes that are measured.
pub const SHAPES: [Shape; 5] = [Shape::Chain, Shape::Wide, Shape::Fan, Shape::Layered, Shape::ConditionTree];

/// What stands in for chance, the same in every measurement.
pub(crate) const SEED: u64 = 0x5EED;

/// The graph of this shape with that many nodes.
#[must_use]
pub fn graph(shape: Shape, nodes: usize) -> Graph {
    Graph::new(shape, nodes, SEED)
}

/// A size as names spell it: `100`, `10k`, `1M`.
#[must_use]
pub fn size_name(nodes: usize) -> String {
    match nodes {
        _ if nodes.is_multiple_of(1_000_000) => format!("{}M", nodes / 1_000_000),
        _ if nodes.is_multiple_of(1_000) => format!("{}k", nodes / 1_000),
        _ => nodes.to_string(),
    }
}

/// A graph as flat arrays: what the floors walk.
#[derive(Clone, Debug)]
pub struct FlatGraph {
    /// How many edges lead to each node.
    pub parents: Vec<u32>,
    first_child: Vec<u32>,
    children: Vec<u32>,
}

impl FlatGraph {
    /// The same graph as flat arrays.
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        let mut parents = vec![0_u32; graph.nodes];
        let mut first_child = vec![0_u32; graph.nodes + 1];
        for &(source, target) in &graph.edges {
            first_child[source as usize + 1] += 1;
            parents[target as usize] += 1;
        }
        for node in 0..graph.nodes {
            first_child[node + 1] += first_child[node];
        }
        let mut next = first_child.clone();
        let mut children = vec![0_u32; graph.edges.len()];
        for &(source, target) in &graph.edges {
            children[next[source as usize] as usize] = target;
            next[source as usize] += 1;
        }
        Self { parents, first_child, children }
    }

    /// The nodes that the edges of `node` lead to.
    #[must_use]
    pub fn children(&self, node: u32) -> &[u32] {
        let (from, to) = (self.first_child[node as usize], self.first_child[node as usize + 1]);
        &self.children[from as usize..to as usize]
    }

    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.parents.len()
    }

    /// The nodes without parents.
    pub fn roots(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.parents).filter(|(_, parents)| **parents == 0).map(|(node, _)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_arrays_hold_the_same_edges() {
        let graph = graph(Shape::Layered, 1_000);
        let flat = FlatGraph::new(&graph);
        let mut edges = (0..1_000_u32)
            .flat_map(|node| flat.children(node).iter().map(move |&child| (node, child)))
            .collect::<Vec<_>>();
        let mut expected = graph.edges.clone();
        edges.sort_unstable();
        expected.sort_unstable();
        assert_eq!(edges, expected);
    }

    #[test]
    fn sizes_are_short_in_names() {
        assert_eq!([100, 10_000, 1_000_000].map(size_name), ["100", "10k", "1M"]);
    }
}
