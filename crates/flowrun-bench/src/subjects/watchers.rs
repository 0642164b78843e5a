//! A run that is watched.

use std::sync::Arc;

use flowrun::{Engine, Events, Flow, MemoryStore, RunRequest, RunUpdate, Site};
use tokio::task::JoinSet;

use super::{one_thread, start};
use crate::Case;
use crate::document::TASK_TYPE;
use crate::executors::Nothing;

/// Runs the flow while so many watchers read its events as they come. Units are events read, by all of them.
#[must_use]
pub fn watchers(flow: &Flow, watchers: usize) -> Case {
    let runtime = one_thread();
    // Two for each node, and two for the run. All are kept: what is measured is reading, not missing.
    let events = flow.node_count() * 2 + 2;
    let store = MemoryStore::with_capacity(events);
    let engine = Engine::builder().store(store).executor(TASK_TYPE, Nothing).build();
    let engine = engine.expect("one executor with a name is an engine");
    let plan = engine.plan(flow).expect("a measured flow can run");
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("engine", events * watchers, move |watch| {
        let request = RunRequest::of_plan(Arc::clone(&plan), Arc::clone(&site));
        let read = watch.time(|| {
            runtime.block_on(async {
                let run = start(&engine, request).await;
                let mut tasks = JoinSet::new();
                for _ in 0..watchers {
                    tasks.spawn(read_all(run.events()));
                }
                tasks.join_all().await.into_iter().sum::<usize>()
            })
        });
        assert_eq!(read, events * watchers, "every watcher sees every event");
    })
}

async fn read_all(mut events: Events) -> usize {
    let mut read = 0;
    while let Some(RunUpdate::Event(_)) = events.next().await.expect("memory can be read") {
        read += 1;
    }
    read
}
