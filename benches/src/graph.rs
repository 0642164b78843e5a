//! The graphs that everything is measured on. The same size gives the same graph, on any machine.

use std::fmt;

/// A family of graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each node leads to the next one.
    Chain,
    /// No edges: every node is a root.
    Wide,
    /// One node leads to all others but the last, which they all lead to.
    Fan,
    /// About √N layers of √N nodes; each node has 3 parents in the layer before, drawn at random.
    Layered,
    /// A binary tree whose inner nodes have conditions: one child takes what holds, one the rest.
    ConditionTree,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 5] = [Self::Chain, Self::Wide, Self::Fan, Self::Layered, Self::ConditionTree];
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chain => "chain",
            Self::Wide => "wide",
            Self::Fan => "fan",
            Self::Layered => "layered",
            Self::ConditionTree => "condition-tree",
        })
    }
}

/// A graph: nodes are the numbers below `nodes`, every edge leads from a smaller to a larger one.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Its shape.
    pub shape: Shape,
    /// The number of nodes.
    pub nodes: usize,
    /// Source and target of each edge, sorted by target.
    pub edges: Vec<(u32, u32)>,
}

impl Graph {
    /// The graph of this shape with that many nodes.
    ///
    /// # Panics
    ///
    /// When there are fewer than 9 nodes (3 layers of 3), or more than 32 bits can number.
    #[must_use]
    pub fn new(shape: Shape, nodes: usize) -> Self {
        assert!(nodes >= 9, "a graph of {nodes} nodes has no shape");
        let count = u32::try_from(nodes).expect("nodes are numbered with 32 bits");
        let edges = match shape {
            Shape::Chain => (1..count).map(|node| (node - 1, node)).collect(),
            Shape::Wide => Vec::new(),
            Shape::Fan => {
                let out = (1..count - 1).map(|node| (0, node));
                out.chain((1..count - 1).map(|node| (node, count - 1))).collect()
            }
            Shape::Layered => layered(count),
            Shape::ConditionTree => (1..count).map(|node| ((node - 1) / 2, node)).collect(),
        };
        Self { shape, nodes, edges }
    }

    /// The name of a measurement on this graph: `layered/10k`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.shape, size_name(self.nodes))
    }

    /// The same graph as flat arrays.
    #[must_use]
    pub fn to_flat(&self) -> FlatGraph {
        let mut parents = vec![0_u32; self.nodes];
        let mut first_child = vec![0_u32; self.nodes + 1];
        for &(source, target) in &self.edges {
            first_child[source as usize + 1] += 1;
            parents[target as usize] += 1;
        }
        for node in 0..self.nodes {
            first_child[node + 1] += first_child[node];
        }
        let mut next = first_child.clone();
        let mut children = vec![0_u32; self.edges.len()];
        for &(source, target) in &self.edges {
            children[next[source as usize] as usize] = target;
            next[source as usize] += 1;
        }
        FlatGraph { parents, first_child, children }
    }

    /// The parents of each node, in the order of the edges.
    #[must_use]
    pub fn parents(&self) -> Vec<Vec<u32>> {
        let mut parents = vec![Vec::new(); self.nodes];
        for &(source, target) in &self.edges {
            parents[target as usize].push(source);
        }
        parents
    }
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

fn layered(count: u32) -> Vec<(u32, u32)> {
    let width = count.isqrt();
    let mut random = SplitMix(0x5EED);
    let mut edges = Vec::with_capacity(count as usize * 3);
    for node in width..count {
        let layer_before = (node / width - 1) * width;
        let mut parents = [0; 3];
        for place in 0..3 {
            parents[place] = loop {
                let parent = layer_before + random.below(width);
                if !parents[..place].contains(&parent) {
                    break parent;
                }
            };
        }
        edges.extend(parents.map(|parent| (parent, node)));
    }
    edges
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

/// Random numbers that are the same everywhere: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, as even as a benchmark needs it.
    fn below(&mut self, limit: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_leads_forward_and_every_shape_has_its_edges() {
        for shape in Shape::ALL {
            let graph = Graph::new(shape, 100);
            assert!(graph.edges.iter().all(|(source, target)| source < target), "{shape}");
            let expected = match shape {
                Shape::Chain | Shape::ConditionTree => 99,
                Shape::Wide => 0,
                Shape::Fan => 196,
                Shape::Layered => 270,
            };
            assert_eq!(graph.edges.len(), expected, "{shape}");
        }
    }

    #[test]
    fn parents_in_a_layered_graph_are_three_different_ones() {
        let parents = Graph::new(Shape::Layered, 10_000).parents();
        for of_node in &parents[100..] {
            assert_eq!(of_node.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        }
    }

    #[test]
    fn flat_arrays_hold_the_same_edges() {
        let graph = Graph::new(Shape::Layered, 1_000);
        let flat = graph.to_flat();
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
