//! Walking the graph, and nothing else.

use std::hint::black_box;

use crate::Case;
use crate::graph::FlatGraph;

/// Kahn's walk ("Topological sorting of large networks", CACM 1962) over flat arrays.
#[must_use]
pub fn kahn(graph: FlatGraph) -> Case {
    let (mut pending, mut ready) = (Vec::new(), Vec::new());
    Case::new("kahn", graph.nodes(), move |watch| {
        let seen = watch.time(|| {
            pending.clone_from(&graph.parents);
            ready.extend(graph.roots());
            let mut seen = 0;
            while let Some(node) = ready.pop() {
                seen += 1;
                for &child in graph.children(black_box(node)) {
                    pending[child as usize] -= 1;
                    if pending[child as usize] == 0 {
                        ready.push(child);
                    }
                }
            }
            seen
        });
        assert_eq!(seen, graph.nodes(), "every node is walked");
    })
}
