//! Turning ids into numbers: a hash map, flat arrays, and a walk that finds cycles.

use std::collections::HashMap;

use crate::Case;
use crate::document::Ids;
use crate::graph::{FlatGraph, Graph};

/// Looks every id up in a hash map of the standard library, builds flat arrays and walks them once.
#[must_use]
pub fn link(graph: Graph, ids: Ids) -> Case {
    let ids = (0..graph.nodes as u32).map(|node| ids.of(node)).collect::<Vec<_>>();
    let id = |node: u32| ids[node as usize].clone();
    let edges = graph.edges.iter().map(|&(source, target)| (id(source), id(target))).collect::<Vec<_>>();
    Case::new("hash map", graph.nodes, move |watch| {
        let seen = watch.time(|| {
            let by_id = ids.iter().map(String::as_str).zip(0_u32..).collect::<HashMap<_, _>>();
            let linked = edges.iter().map(|(source, target)| (by_id[&**source], by_id[&**target]));
            let graph = Graph { shape: graph.shape, nodes: graph.nodes, edges: linked.collect() };
            let flat = FlatGraph::new(&graph);
            let (mut pending, mut ready) = (flat.parents.clone(), flat.roots().collect::<Vec<_>>());
            let mut seen = 0;
            while let Some(node) = ready.pop() {
                seen += 1;
                for &child in flat.children(node) {
                    pending[child as usize] -= 1;
                    if pending[child as usize] == 0 {
                        ready.push(child);
                    }
                }
            }
            seen
        });
        assert_eq!(seen, ids.len(), "the graph has no cycle");
    })
}
