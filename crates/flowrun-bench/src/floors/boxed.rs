//! Calling something async behind a trait object: one boxed future a node, polled in place.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::Case;
use crate::executors::yield_once;
use crate::graph::FlatGraph;

#[async_trait]
trait Work: Send + Sync {
    async fn work(&self, node: u32) -> u32;
}

struct Nothing;

#[async_trait]
impl Work for Nothing {
    async fn work(&self, node: u32) -> u32 {
        black_box(node)
    }
}

struct YieldsOnce;

#[async_trait]
impl Work for YieldsOnce {
    async fn work(&self, node: u32) -> u32 {
        yield_once().await;
        black_box(node)
    }
}

/// Kahn's walk that makes one boxed future for each node and polls it once: the least that a call of an
/// executor can cost.
#[must_use]
pub fn boxed(graph: FlatGraph) -> Case {
    let worker: Arc<dyn Work> = Arc::new(Nothing);
    let (mut pending, mut ready) = (Vec::new(), Vec::new());
    Case::new("boxed", graph.nodes(), move |watch| {
        let seen = watch.time(|| {
            let mut cx = Context::from_waker(Waker::noop());
            pending.clone_from(&graph.parents);
            ready.extend(graph.roots());
            let mut seen = 0;
            while let Some(node) = ready.pop() {
                let mut future = worker.work(node);
                let Poll::Ready(node) = future.as_mut().poll(&mut cx) else { continue };
                seen += 1;
                release_children(&graph, node, &mut pending, &mut ready);
            }
            seen
        });
        assert_eq!(seen, graph.nodes(), "no future was pending");
    })
}

/// The same with futures that are pending once: after their first poll they wait in one queue.
#[must_use]
pub fn boxed_pending(graph: FlatGraph) -> Case {
    let worker: Arc<dyn Work> = Arc::new(YieldsOnce);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime without drivers can be made");
    let (mut pending, mut ready) = (Vec::new(), Vec::new());
    Case::new("boxed pending", graph.nodes(), move |watch| {
        let seen = watch.time(|| {
            pending.clone_from(&graph.parents);
            ready.extend(graph.roots());
            runtime.block_on(walk_waiting(&graph, &*worker, &mut pending, &mut ready))
        });
        assert_eq!(seen, graph.nodes(), "every node is walked");
    })
}

async fn walk_waiting(
    graph: &FlatGraph,
    worker: &dyn Work,
    pending: &mut [u32],
    ready: &mut Vec<u32>,
) -> usize {
    let mut waiting = pin!(FuturesUnordered::new());
    let mut seen = 0;
    loop {
        while let Some(node) = ready.pop() {
            let mut future = worker.work(node);
            match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
                Poll::Pending => waiting.push(future),
                Poll::Ready(node) => {
                    seen += 1;
                    release_children(graph, node, pending, ready);
                }
            }
        }
        let Some(node) = waiting.next().await else { return seen };
        seen += 1;
        release_children(graph, node, pending, ready);
    }
}

fn release_children(graph: &FlatGraph, node: u32, pending: &mut [u32], ready: &mut Vec<u32>) {
    for &child in graph.children(node) {
        pending[child as usize] -= 1;
        if pending[child as usize] == 0 {
            ready.push(child);
        }
    }
}
