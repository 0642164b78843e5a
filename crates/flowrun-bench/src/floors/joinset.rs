//! What a program without an engine would write: a tokio task for each node.

use std::hint::black_box;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Case;
use crate::graph::FlatGraph;

/// Kahn's walk that spawns every node into a [`JoinSet`] of a runtime with two workers.
#[must_use]
pub fn joinset(graph: FlatGraph) -> Case {
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("two threads can be started");
    let mut pending = Vec::new();
    Case::new("joinset", graph.nodes(), move |watch| {
        let seen = watch.time(|| {
            pending.clone_from(&graph.parents);
            runtime.block_on(walk(&graph, &mut pending))
        });
        assert_eq!(seen, graph.nodes(), "every task came back");
    })
}

async fn walk(graph: &FlatGraph, pending: &mut [u32]) -> usize {
    let mut tasks = JoinSet::new();
    let start = |tasks: &mut JoinSet<u32>, node| {
        tasks.spawn(async move { black_box(node) });
    };
    for root in graph.roots() {
        start(&mut tasks, root);
    }
    let mut seen = 0;
    while let Some(Ok(node)) = tasks.join_next().await {
        seen += 1;
        for &child in graph.children(node) {
            pending[child as usize] -= 1;
            if pending[child as usize] == 0 {
                start(&mut tasks, child);
            }
        }
    }
    seen
}
