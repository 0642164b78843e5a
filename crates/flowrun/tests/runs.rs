//! The engine hands out its runs, and says how each stands in more words than the wire has.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use common::WrappedStore;
use flowrun::{
    Context, EffectClass, Engine, Flow, MemoryStore, NodeSpec, Outcome, Placement, Record, ResumeError,
    Retention, RunFilter, RunHandle, RunId, RunRequest, RunState, RunStatus, RunUpdate, Site, StoreError,
    Task, TaskExecutor, async_trait,
};
use tokio::sync::mpsc;

/// Waits until it is told to stop.
struct Waits;

#[async_trait]
impl TaskExecutor for Waits {
    async fn execute(self: Arc<Self>, _task: Task, context: Context) -> Outcome {
        context.cancelled().await;
        Outcome::failed("stopped")
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }
}

fn engine(store: Arc<MemoryStore>) -> Engine {
    let builder = Engine::builder().executor("wait", Waits).function("done", |_, _| Outcome::done());
    builder.store(store).grace(Duration::ZERO).build().unwrap()
}

async fn start(engine: &Engine, task_type: &str) -> RunHandle {
    let flow = Flow::builder().node(NodeSpec::new("1", task_type)).build().unwrap();
    engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap()
}

#[tokio::test]
async fn paused_lost_and_working_runs_are_told_apart_everywhere() {
    let store = Arc::new(MemoryStore::default());
    let engine_of_store = engine(Arc::clone(&store));
    let run = start(&engine_of_store, "wait").await;
    let listed = |engine: &Engine| engine.runs(&RunFilter::default()).unwrap()[0].state;
    assert_eq!((run.state(), listed(&engine_of_store)), (RunState::Working, RunState::Working));

    run.pause().await;
    let pausing = RunState::Paused { at_rest: false };
    assert_eq!((run.state(), listed(&engine_of_store)), (pausing, pausing));
    let snapshot = run.snapshot().await.unwrap();
    assert_eq!((snapshot.state, snapshot.status()), (pausing, RunStatus::Working), "the wire keeps its word");
    run.resume().await;
    assert_eq!(run.state(), RunState::Working);

    engine_of_store.shutdown(Duration::ZERO).await;
    assert_eq!(run.state(), RunState::Lost);
    let next = engine(store);
    assert_eq!(listed(&next), RunState::Lost);
    assert_eq!(next.snapshot(run.id()).await.unwrap().state, RunState::Lost);
    assert!(next.run(run.id()).is_none(), "nobody drives it here");
}

#[tokio::test]
async fn a_run_is_cancelled_by_its_id_without_a_map_and_deleted_when_it_is_over() {
    let engine = engine(Arc::default());
    let id = start(&engine, "wait").await.id();
    assert!(matches!(engine.delete(id), Err(StoreError::StillOpen(_) | StoreError::InUse(_))));
    let run = engine.run(id).unwrap();
    run.cancel().await;
    assert_eq!(run.wait().await.unwrap(), RunStatus::Cancelled);
    assert_eq!(engine.snapshot(id).await.unwrap().state, RunState::Cancelled);
    engine.delete(id).unwrap();
    assert!(matches!(engine.snapshot(id).await, Err(ResumeError::Store(StoreError::NotFound(_)))));
}

#[tokio::test]
async fn runs_come_in_pages_that_neither_repeat_nor_leave_out() {
    let engine = engine(Arc::default());
    // The store in memory keeps runs that are over as long as somebody holds on to them.
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(start(&engine, "done").await);
        runs[runs.len() - 1].wait().await.unwrap();
    }
    let (mut which, mut ids) = (RunFilter::default().limit(2), Vec::new());
    loop {
        let page = engine.runs(&which).unwrap();
        ids.extend(page.iter().map(|run| run.summary.id));
        let Some(last) = page.last() else { break };
        which = RunFilter::default().limit(2).after(&last.summary);
    }
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((ids.len(), unique.len()), (5, 5));
}

#[tokio::test]
async fn a_store_that_does_no_more_than_it_must_says_what_it_cannot() {
    let engine = Engine::builder().function("done", |_, _| Outcome::done());
    let engine = engine.store(WrappedStore::new(|journal| journal)).build().unwrap();
    let runs = [start(&engine, "done").await, start(&engine, "done").await];
    for run in &runs {
        run.wait().await.unwrap();
    }
    for (refused, what) in [
        (engine.backup("copy").unwrap_err(), "this store cannot be backed up"),
        (engine.verify().unwrap_err(), "this store cannot be verified"),
        (engine.stats().unwrap_err(), "this store cannot tell its figures"),
    ] {
        assert!(matches!(refused, StoreError::Unsupported(_)), "{refused:?}");
        assert_eq!(refused.to_string(), what);
    }
    // Old runs go from every store.
    assert_eq!(engine.retain(&Retention::default().count(1)).unwrap(), 1);
    assert_eq!(engine.runs(&RunFilter::default()).unwrap().len(), 1);
}

#[tokio::test]
async fn the_store_in_memory_knows_its_figures_and_replays_its_runs() {
    let engine = engine(Arc::default());
    let done = start(&engine, "done").await;
    done.wait().await.unwrap();
    let _waits = start(&engine, "wait").await;
    let stats = engine.stats().unwrap();
    assert_eq!((stats.runs, stats.open, stats.flows, stats.deleted), (2, 1, 2, 0));
    let verified = engine.verify().unwrap();
    assert_eq!((verified.runs, verified.lines, verified.is_sound()), (2, stats.lines, true));
    assert!(matches!(engine.backup("copy"), Err(StoreError::Unsupported(_))));
    engine.delete(done.id()).unwrap();
    assert_eq!((engine.stats().unwrap().runs, engine.stats().unwrap().deleted), (1, 1));
}

/// Starts a run of another node and waits for it, which its own slot may be in the way of.
struct Starts {
    engine: Arc<OnceLock<Engine>>,
    started: mpsc::UnboundedSender<RunId>,
    placement: Placement,
}

#[async_trait]
impl TaskExecutor for Starts {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        // So that one that is polled in a task of its own is there by then.
        tokio::task::yield_now().await;
        let run = start(self.engine.get().unwrap(), "done").await;
        self.started.send(run.id()).unwrap();
        run.wait().await.unwrap();
        Outcome::done()
    }

    fn placement(&self) -> Placement {
        self.placement
    }
}

/// The log of a run that another one starts and waits for, and what became of it.
async fn log_of_started(slots: usize, placement: Placement) -> (Vec<String>, RunStatus) {
    let (engine, (started, mut starts)) = (Arc::new(OnceLock::new()), mpsc::unbounded_channel());
    let executor = Starts { engine: Arc::clone(&engine), started, placement };
    let builder = Engine::builder().executor("start", executor).function("done", |_, _| Outcome::done());
    let engine = engine.get_or_init(|| builder.max_concurrent(slots).build().unwrap());
    let above = start(engine, "start").await;
    let below = engine.run(starts.recv().await.unwrap());
    let mut lines = Vec::new();
    if let Some(below) = below {
        let mut events = below.events();
        while let Some(RunUpdate::Event(event)) = events.next().await.unwrap() {
            if let Record::Logged { message, .. } = event.record {
                lines.push(message.to_string());
                // Whoever reads the line can do something about it.
                engine.cancel(below.id()).await.unwrap();
            }
        }
    }
    let status = above.wait().await.unwrap();
    (lines, status)
}

#[tokio::test]
async fn a_run_that_waits_for_a_slot_of_the_run_that_started_it_says_so() {
    for placement in [Placement::InPlace, Placement::OwnTask] {
        let waited = tokio::time::timeout(Duration::from_secs(60), log_of_started(1, placement)).await;
        let (lines, status) = waited.expect("it says so");
        assert!(lines[0].contains("which started this one, holds all 1 of the engine"), "{lines:?}");
        assert_eq!(status, RunStatus::Passed);
        // With room for both nothing is to be said.
        assert_eq!(log_of_started(2, placement).await, (Vec::new(), RunStatus::Passed));
    }
}
