//! Runs of an engine whose store is a file.

use std::path::Path;
use std::sync::Arc;

use flowrun::{Engine, RunRequest, RunStatus, Site, SqliteStore};

use super::Durable;
use crate::Case;
use crate::document::{self, Detail, TASK_TYPE};
use crate::executors::Nothing;
use crate::graph::{Shape, graph};
use crate::subjects::{one_thread, start};

/// Starts the runs and waits for the end of all of them. The store, in this folder, is there before and stays open.
#[must_use]
pub fn chains(folder: &Path, Durable { runs, nodes }: Durable) -> Case {
    let runtime = one_thread();
    let store = SqliteStore::open_file(folder.join("runs.flowrun")).expect("a new store can be made");
    let engine = Engine::builder().executor(TASK_TYPE, Nothing).store(store).build();
    let engine = engine.expect("one executor with a name is an engine");
    let flow = document::flow(&graph(Shape::Chain, nodes), Detail::Lean);
    let plan = engine.plan(&flow).expect("a measured flow can run");
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("engine", runs * nodes, move |watch| {
        let request = RunRequest::of_plan(Arc::clone(&plan), Arc::clone(&site));
        let ended = watch.time(|| {
            runtime.block_on(async {
                let started = (0..runs).map(|_| start(&engine, request.clone()));
                let handles = futures::future::join_all(started).await;
                futures::future::join_all(handles.iter().map(flowrun::RunHandle::wait)).await
            })
        });
        let has_passed = |ended: &Result<RunStatus, _>| matches!(ended, Ok(RunStatus::Passed));
        assert!(ended.iter().all(has_passed), "every run passed");
    })
}
