//! Many small runs at once.

use std::sync::Arc;

use flowrun::{Flow, RunRequest, RunStatus, Site};

use super::{Work, engine, one_thread, start};
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
                let started = (0..runs).map(|_| start(&engine, request.clone()));
                let handles = futures::future::join_all(started).await;
                for handle in &handles {
                    handle.wait().await.expect("a memory store takes every line");
                }
                handles
            })
        });
        assert!(handles.iter().all(|run| run.state() == RunStatus::Passed), "every run passed");
    })
}
