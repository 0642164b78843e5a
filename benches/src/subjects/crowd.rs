//! Many small runs at once.

use std::sync::Arc;

use flowrun::{Flow, RunRequest, RunStatus, Site};

use super::engine::one_thread;
use super::{Work, engine};
use crate::Case;

/// Starts so many runs of the flow before the first of them can end, and waits for all.
#[must_use]
pub fn crowd(flow: &Flow, runs: usize) -> Case {
    let (engine, runtime) = (engine(Work::Nothing), one_thread());
    let plan = engine.plan(flow).expect("a measured flow can run");
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("engine", flow.node_count() * runs, move |watch| {
        let request = RunRequest::of_plan(Arc::clone(&plan), Arc::clone(&site));
        let handles = watch.time(|| {
            runtime.block_on(async {
                let start = |_| engine.start(request.clone()).expect("a checked flow starts");
                let handles = (0..runs).map(start).collect::<Vec<_>>();
                for handle in &handles {
                    handle.ended().await.expect("a memory store takes every line");
                }
                handles
            })
        });
        assert!(handles.iter().all(|run| run.status() == RunStatus::Passed), "every run passed");
    })
}
