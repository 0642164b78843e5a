//! Runs the public way: an engine with a memory store on a runtime of one thread.

use std::sync::Arc;

use flowrun::{Engine, EngineBuilder, Flow, Outcome, RunHandle, RunRequest, RunStatus, Site};
use tokio::runtime::Runtime;

use crate::Case;
use crate::document::TASK_TYPE;
use crate::executors::{Finder, Nothing, Saboteur, YieldsOnce};

/// What each node's executor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    Nothing,
    /// Nothing, as a function: there is no future.
    Function,
    /// Nothing, but it is pending once.
    YieldsOnce,
    /// It reports two objects for the conditions to judge.
    Finds,
    /// Nothing, with an allocation and a lock that nobody needs.
    Sabotage,
}

/// An engine whose nodes do this.
#[must_use]
pub fn engine(work: Work) -> Engine {
    doing(work, Engine::builder()).build().expect("one executor with a name is an engine")
}

/// Adds the executor that does it.
fn doing(work: Work, builder: EngineBuilder) -> EngineBuilder {
    match work {
        Work::Nothing => builder.executor(TASK_TYPE, Nothing),
        Work::Function => builder.function(TASK_TYPE, |_, _| Outcome::done()),
        Work::YieldsOnce => builder.executor(TASK_TYPE, YieldsOnce),
        Work::Finds => builder.executor(TASK_TYPE, Finder::default()),
        Work::Sabotage => builder.executor(TASK_TYPE, Saboteur::default()),
    }
}

/// Runs the flow, checked beforehand, from [`Engine::start`] until its handle tells that it has passed.
/// Putting the result in writing is measured elsewhere.
#[must_use]
pub fn engine_run(flow: &Flow, work: Work) -> Case {
    let (engine, runtime) = (engine(work), one_thread());
    let plan = engine.plan(flow).expect("a measured flow can run");
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("engine", flow.node_count(), move |watch| {
        let request = RunRequest::of_plan(Arc::clone(&plan), Arc::clone(&site));
        let run = watch.time(|| runtime.block_on(run_once(&engine, request)));
        assert_eq!(run.state(), RunStatus::Passed, "every node passed");
    })
}

/// Starts a run and waits for its end.
async fn run_once(engine: &Engine, request: RunRequest) -> RunHandle {
    let run = start(engine, request).await;
    run.wait().await.expect("a memory store takes every line");
    run
}

/// Starts a run of a flow that was checked.
pub async fn start(engine: &Engine, request: RunRequest) -> RunHandle {
    engine.start(request).await.expect("a checked flow starts")
}

/// A runtime whose one thread is the caller's: what it costs is what the work costs.
pub(crate) fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers can be made")
}

#[cfg(test)]
mod tests {
    use flowrun::{Clock, MemoryStore, RunId, RunSpec, RunUpdate, Timestamp};

    use super::*;
    use crate::document::{Detail, flow};
    use crate::graph::{Shape, graph};
    use crate::subjects::core_loop::run_to_end;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    /// Whatever the engine does to be fast, it leaves what the state machine decides, one event at a time.
    #[test]
    fn a_measured_run_leaves_the_run_and_the_events_that_the_core_decides() {
        let id = RunId::from_bytes([7; 16]);
        let site = Arc::new(Site::new("https://example.com"));
        let nothing = [Shape::Chain, Shape::Wide, Shape::Fan, Shape::Layered];
        let works =
            [Work::Nothing, Work::Function].into_iter().flat_map(|work| nothing.map(|shape| (work, shape)));
        for (work, shape) in works.chain([(Work::Finds, Shape::ConditionTree)]) {
            let store = MemoryStore::with_capacity(10_000);
            let engine = doing(work, Engine::builder().clock(Fixed).store(store)).build().unwrap();
            let plan = engine.plan(&flow(&graph(shape, 1_000), Detail::Lean)).unwrap();
            let request = RunRequest::of_plan(Arc::clone(&plan), Arc::clone(&site)).id(id);
            let (result, events) = one_thread().block_on(async {
                let run = run_once(&engine, request).await;
                let (mut events, mut records) = (run.events(), Vec::new());
                while let Some(RunUpdate::Event(event)) = events.next().await.unwrap() {
                    records.push(format!("{:?}", event.record));
                }
                (run.result().await.unwrap(), records)
            });

            let mut expected = Vec::new();
            let spec = RunSpec::new(id, Timestamp::default(), Arc::clone(&site));
            let core = run_to_end(plan, spec, work, |records| {
                expected.extend(records.iter().map(|record| format!("{record:?}")));
            });
            assert_eq!(result.to_json(), core.to_json(), "{shape}");
            assert_eq!(events, expected, "{shape}");
            assert!(events.len() == 2_002 || work == Work::Finds, "{shape}: {}", events.len());
        }
    }
}
