//! The edges of a synthetic flow.

use super::Shape;
use crate::random::Random;

/// A graph: nodes are the numbers below `nodes`, every edge leads from a smaller to a larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Its shape.
    pub shape: Shape,
    /// The number of nodes.
    pub nodes: usize,
    /// Source and target of each edge, sorted by target, except in a fan.
    pub edges: Vec<(u32, u32)>,
}

impl Graph {
    /// The graph of this shape, size and seed; shapes without chance look the same for every seed.
    ///
    /// # Panics
    ///
    /// When there are more nodes than 32 bits can number.
    #[must_use]
    pub fn new(shape: Shape, nodes: usize, seed: u64) -> Self {
        let count = u32::try_from(nodes).expect("nodes are numbered with 32 bits");
        let edges = match shape {
            Shape::Chain => (1..count).map(|node| (node - 1, node)).collect(),
            Shape::Wide => Vec::new(),
            Shape::Fan => fan(count),
            Shape::Layered => layered(count, seed),
            Shape::ConditionTree => (1..count).map(|node| ((node - 1) / 2, node)).collect(),
            Shape::Diamonds => diamonds(count),
            Shape::Random => random(count, seed),
            Shape::Cursion => cursion(count, seed),
        };
        Self { shape, nodes, edges }
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

fn fan(count: u32) -> Vec<(u32, u32)> {
    match count {
        0 | 1 => Vec::new(),
        2 => vec![(0, 1)],
        _ => {
            let out = (1..count - 1).map(|node| (0, node));
            out.chain((1..count - 1).map(|node| (node, count - 1))).collect()
        }
    }
}

fn layered(count: u32, seed: u64) -> Vec<(u32, u32)> {
    let width = count.isqrt().max(1);
    let mut random = Random::new(seed);
    let mut edges = Vec::with_capacity(count as usize * 3);
    for node in width..count {
        let layer_before = (node / width - 1) * width;
        let parents = distinct(&mut random, width.min(3), width);
        edges.extend(parents.map(|parent| (layer_before + parent, node)));
    }
    edges
}

fn diamonds(count: u32) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    for node in 1..count {
        match node % 3 {
            0 => edges.extend([(node - 2, node), (node - 1, node)]),
            side => edges.push((node - side, node)),
        }
    }
    edges
}

fn random(count: u32, seed: u64) -> Vec<(u32, u32)> {
    const WINDOW: u32 = 32;
    let mut edges = Vec::new();
    for node in 1..count {
        let mut random = Random::at(seed, u64::from(node));
        let window = node.min(WINDOW);
        let parents = random.one_of(&[0, 1, 1, 1, 1, 2, 2, 3]).min(window);
        let parents = distinct(&mut random, parents, window);
        edges.extend(parents.map(|back| (node - 1 - back, node)));
    }
    edges
}

/// A node has one child, or two: which of them, [`crate::synth::node`] reads from the number of its edges.
fn cursion(count: u32, seed: u64) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    let mut next = 1;
    let mut node = 0;
    while next < count {
        // A node can only be reached once it has a number, so that the flow stays in one piece.
        let is_last_open = node + 1 == next;
        let mut random = Random::at(seed, u64::from(node));
        let children = match random.below(4) {
            0 if !is_last_open => 0,
            0 | 1 => 1,
            _ => 2,
        };
        for _ in 0..children.min(count - next) {
            edges.push((node, next));
            next += 1;
        }
        node += 1;
    }
    edges
}

/// `wanted` different numbers below `limit`, at most 3.
fn distinct(random: &mut Random, wanted: u32, limit: u32) -> impl Iterator<Item = u32> {
    let mut drawn = [0; 3];
    for place in 0..wanted as usize {
        drawn[place] = loop {
            let number = random.below(limit);
            if !drawn[..place].contains(&number) {
                break number;
            }
        };
    }
    drawn.into_iter().take(wanted as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_edge_leads_forward_once_and_every_shape_has_its_edges() {
        for shape in Shape::ALL {
            let nodes = shape.max_nodes().min(100);
            let graph = Graph::new(shape, nodes, 7);
            assert!(graph.edges.iter().all(|(source, target)| source < target), "{shape}");
            let different = graph.edges.iter().collect::<BTreeSet<_>>().len();
            assert_eq!(different, graph.edges.len(), "{shape}");
            match shape {
                Shape::Chain | Shape::ConditionTree => assert_eq!(different, 99),
                Shape::Wide => assert_eq!(different, 0),
                Shape::Fan => assert_eq!(different, 196),
                Shape::Layered => assert_eq!(different, 270),
                Shape::Diamonds => assert_eq!(different, 99 + 33),
                Shape::Random => assert!((90..190).contains(&different), "{different}"),
                Shape::Cursion => assert_eq!(different, 11),
            }
        }
    }

    #[test]
    fn any_size_has_a_graph() {
        for shape in Shape::ALL {
            for nodes in 1..=12 {
                for seed in 0..20 {
                    let graph = Graph::new(shape, nodes, seed);
                    assert!(graph.edges.iter().all(|&(_, target)| (target as usize) < nodes), "{shape}");
                }
            }
        }
    }

    #[test]
    fn parents_in_a_layered_graph_are_three_different_ones() {
        let parents = Graph::new(Shape::Layered, 10_000, 1).parents();
        for of_node in &parents[100..] {
            assert_eq!(of_node.iter().collect::<BTreeSet<_>>().len(), 3);
        }
    }

    #[test]
    fn a_smaller_random_graph_is_the_beginning_of_a_larger_one() {
        let (small, large) = (Graph::new(Shape::Random, 50, 3), Graph::new(Shape::Random, 500, 3));
        assert_eq!(small.edges[..], large.edges[..small.edges.len()]);
    }

    #[test]
    fn a_cursion_flow_is_a_tree_of_one_or_two_children() {
        for seed in 0..200 {
            let graph = Graph::new(Shape::Cursion, 12, seed);
            let parents = graph.parents();
            assert!(parents[0].is_empty() && parents[1..].iter().all(|of_node| of_node.len() == 1));
            let children = |node| graph.edges.iter().filter(|(source, _)| *source == node).count();
            assert!((0..12).all(|node| children(node) <= 2));
        }
    }
}
