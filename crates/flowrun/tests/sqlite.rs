//! Runs in a file: what one engine leaves there, the next takes up.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowrun::{
    Context, Engine, ErrorClass, Flow, NodeSpec, NodeStatus, Outcome, Placement, Record, Rerun, ResumeError,
    Retention, RunError, RunFilter, RunRequest, RunStatus, RunUpdate, Site, SqliteStore, StartError, Store,
    StoreError, Task, TaskExecutor, async_trait,
};

/// Counts its calls, and does not come back from node 2 while it is told to hang.
struct Worker {
    calls: Arc<AtomicUsize>,
    hangs: bool,
}

#[async_trait]
impl TaskExecutor for Worker {
    async fn execute(self: Arc<Self>, task: Task, _: Context) -> Outcome {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.hangs && task.node() == "2" {
            std::future::pending::<()>().await;
        }
        Outcome::done()
    }
}

fn engine(file: &Path, calls: &Arc<AtomicUsize>, hangs: bool) -> Engine {
    let worker = Worker { calls: Arc::clone(calls), hangs };
    Engine::builder().executor("work", worker).store(SqliteStore::open_file(file).unwrap()).build().unwrap()
}

#[tokio::test]
async fn a_run_in_a_file_goes_on_in_the_next_engine_and_can_be_done_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let (file, calls) = (folder.path().join("runs.db"), Arc::new(AtomicUsize::new(0)));
    let flow =
        ["1", "2", "3"].into_iter().fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(id, "work")));
    let flow = flow.edge("1", "2").edge("2", "3").build().unwrap();

    let first = engine(&file, &calls, true);
    let run = first.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap();
    let mut events = run.events();
    while let Some(RunUpdate::Event(event)) = events.next().await.unwrap() {
        if matches!(event.record, Record::AttemptStarted { .. }) && event.node.as_deref() == Some("2") {
            break;
        }
    }
    first.shutdown(Duration::ZERO).await;
    assert!(matches!(run.result().await, Err(RunError::Parked)));
    let id = run.id();
    drop((first, run, events));

    let next = engine(&file, &calls, false);
    let recovered = next.recover().await.unwrap();
    assert!(recovered.untouched.is_empty(), "{:?}", recovered.untouched);
    let run = &recovered.resumed[0];
    assert_eq!((run.id(), run.result().await.unwrap().status()), (id, RunStatus::Passed));
    assert_eq!(calls.load(Ordering::Relaxed), 4, "node 2 twice, the others once");

    let again = next.rerun(id, Rerun::From("3".into())).await.unwrap();
    assert_eq!(again.result().await.unwrap().status(), RunStatus::Passed);
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

/// Waits on a thread of its own, which nobody can stop, and then still has something to say.
struct OutlivesItsEngine {
    context: Arc<std::sync::Mutex<Option<Context>>>,
}

#[async_trait]
impl TaskExecutor for OutlivesItsEngine {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        *self.context.lock().unwrap() = Some(context);
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_file_opened_anew_in_one_process_hears_nothing_from_tasks_of_the_engine_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");
    let kept = Arc::new(std::sync::Mutex::new(None::<Context>));
    let flow = Flow::builder().node(NodeSpec::new("1", "work")).build().unwrap();
    let first = Engine::builder()
        .executor("work", OutlivesItsEngine { context: Arc::clone(&kept) })
        .store(SqliteStore::open_file(&file).unwrap());
    let first = first.build().unwrap();
    let run = first.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap();
    let mut events = run.events();
    while kept.lock().unwrap().is_none() {
        events.next().await.unwrap();
        tokio::task::yield_now().await;
    }

    // Its run goes on without the engine's handle, so the file is still in use, and by this very process.
    drop(first.clone());
    let refused = SqliteStore::open_file(&file).err().unwrap().to_string();
    assert!(refused.contains(&std::process::id().to_string()), "{refused}");

    first.shutdown(Duration::ZERO).await;
    let id = run.id();
    drop((first, run, events));
    let next = engine(&file, &Arc::default(), false);
    let recovered = next.recover().await.unwrap();
    let old = kept.lock().unwrap().take().unwrap();
    old.log("from another life");
    let finished = recovered.resumed[0].result().await.unwrap();
    assert_eq!((recovered.resumed[0].id(), finished.status()), (id, RunStatus::Passed));
    assert!(!finished.to_json().contains("from another life"));
}

/// Waits until it is told to stop, or for ever.
struct Waits {
    listens: bool,
}

#[async_trait]
impl TaskExecutor for Waits {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        if self.listens {
            context.cancelled().await;
            return Outcome::failed("stopped").class(ErrorClass::Stopped);
        }
        std::future::pending().await
    }

    fn placement(&self) -> Placement {
        if self.listens { Placement::OwnTask } else { Placement::InPlace }
    }
}

/// Also while the engine, its handles and readers of events are still there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_shutdown_the_file_can_be_opened_anew_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.flowrun");
    for time in 1..=40 {
        let store = SqliteStore::open_file(&path).unwrap_or_else(|error| panic!("time {time}: {error}"));
        let engine = Engine::builder().store(store);
        let engine =
            engine.executor("deaf", Waits { listens: false }).executor("listens", Waits { listens: true });
        let engine = engine.function("quick", |_, _| Outcome::done()).build().unwrap();
        let request = |task_type| {
            let flow = Flow::builder().node(NodeSpec::new("1", task_type)).build().unwrap();
            RunRequest::new(flow, Site::new("https://a.example"))
        };
        let mut runs = Vec::new();
        for task_type in ["quick", "deaf", "listens", "quick", "listens"] {
            runs.push(engine.start(request(task_type)).await.unwrap());
        }
        engine.shutdown(Duration::ZERO).await;
        assert!(matches!(engine.start(request("quick")).await, Err(StartError::ShutDown)));
        assert!(matches!(engine.resume(runs[1].id()).await, Err(ResumeError::ShutDown)));
        assert!(engine.recover().await.is_err());
    }
}

/// Runs that were only there while others had trouble are not held to have caused it.
#[tokio::test]
async fn runs_that_were_let_go_again_and_again_do_not_end_as_crash_loops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.flowrun");
    let engine = |listens| {
        let store = SqliteStore::open_file(&path).unwrap();
        Engine::builder().store(store).executor("waits", Waits { listens }).build().unwrap()
    };
    let first = engine(false);
    for _ in 0..20 {
        let flow = Flow::builder().node(NodeSpec::new("1", "waits")).build().unwrap();
        first.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap();
    }
    first.shutdown(Duration::ZERO).await;
    for listens in [false, true, false, true, false] {
        let engine = engine(listens);
        let recovered = engine.recover().await.unwrap();
        assert_eq!((recovered.resumed.len(), recovered.untouched.len()), (20, 0));
        for run in &recovered.resumed {
            assert_eq!(run.snapshot().await.unwrap().node("1").unwrap().status, NodeStatus::Working);
        }
        engine.shutdown(Duration::ZERO).await;
    }
    // The twin: where each process dies instead, they end, one after another from the third on.
    let mut ended = 0;
    for _ in 0..4 {
        std::fs::write(path.with_extension("flowrun-lock"), "4711\nunknown\n").unwrap();
        let engine = engine(false);
        for run in engine.recover().await.unwrap().resumed {
            ended += usize::from(run.snapshot().await.unwrap().status() == RunStatus::Failed);
        }
        engine.shutdown(Duration::ZERO).await;
    }
    assert_eq!(ended, 2);
}

/// Ends the process, or is at work for long and is done at the third attempt. It counts how many of those there are.
struct Chances {
    ends_process: Option<tokio::sync::mpsc::UnboundedSender<()>>,
    at_work: AtomicUsize,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl TaskExecutor for Chances {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        if let Some(ends_process) = &self.ends_process {
            ends_process.send(()).unwrap();
        }
        if self.ends_process.is_some() || context.attempt().number() < 3 {
            std::future::pending::<()>().await;
        }
        self.most.fetch_max(self.at_work.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        Outcome::done()
    }
}

/// Each is at work when the process dies, again and again, and could have been what ended it.
#[tokio::test]
async fn only_the_run_that_ends_the_process_each_time_ends_as_a_crash_loop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.flowrun");
    let most = Arc::new(AtomicUsize::new(0));
    let (ends_process, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let engine = || {
        let (at_work, most) = (AtomicUsize::new(0), Arc::clone(&most));
        let ends = Chances { ends_process: Some(ends_process.clone()), at_work, most: Arc::clone(&most) };
        let works = Chances { ends_process: None, at_work: AtomicUsize::new(0), most };
        let store = SqliteStore::open_file(&path).unwrap();
        Engine::builder().store(store).executor("ends", ends).executor("works", works).build().unwrap()
    };
    let first = engine();
    let mut runs = Vec::new();
    for run in 0..21 {
        let task_type = if run == 7 { "ends" } else { "works" };
        let flow = Flow::builder().node(NodeSpec::new("1", task_type)).build().unwrap();
        runs.push(first.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap());
    }
    ended.recv().await.unwrap();
    first.shutdown(Duration::ZERO).await;
    let mut processes = 1;
    loop {
        processes += 1;
        // Nobody has let go of the store.
        std::fs::write(path.with_extension("flowrun-lock"), "4711\nunknown\n").unwrap();
        let engine = engine();
        let recovered = engine.recover().await.unwrap();
        let all_over = async {
            for run in &recovered.resumed {
                run.wait().await.unwrap();
            }
        };
        let goes_on = tokio::select! {
            _ = ended.recv() => true,
            () = all_over => false,
        };
        engine.shutdown(Duration::ZERO).await;
        if !goes_on {
            break;
        }
    }
    // Two end with all at work, the third with the culprit alone, and nothing is left that could end the fourth.
    assert_eq!((processes, most.load(Ordering::Relaxed)), (4, 1));
    let store = SqliteStore::open_file(&path).unwrap();
    let failed = store.runs(&RunFilter::default()).unwrap();
    let failed: Vec<_> =
        failed.iter().filter(|run| run.status != RunStatus::Passed).map(|run| (run.id, run.status)).collect();
    assert_eq!(failed, [(runs[7].id(), RunStatus::Failed)]);
}

#[tokio::test]
async fn a_store_is_looked_after_through_its_engine_and_stays_the_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open_file(folder.path().join("runs.db")).unwrap());
    let engine = Engine::builder().function("work", |_, _| Outcome::done());
    let engine = engine.store(Arc::clone(&store)).build().unwrap();
    let flow = Flow::builder().node(NodeSpec::new("1", "work")).build().unwrap();
    for _ in 0..3 {
        let request = RunRequest::new(flow.clone(), Site::new("https://example.com"));
        engine.start(request).await.unwrap().wait().await.unwrap();
    }

    let copy = folder.path().join("copy.db");
    engine.backup(&copy).unwrap();
    let again = engine.backup(&copy).unwrap_err();
    assert!(matches!(again, StoreError::NotBackedUp { .. }), "it is not written over: {again:?}");
    assert_eq!(engine.retain(&Retention::default().count(1)).unwrap(), 2);
    let verified = engine.verify().unwrap();
    assert_eq!((verified.runs, verified.is_sound(), verified.not_replayed.len()), (1, true, 0));
    let stats = engine.stats().unwrap();
    assert_eq!((stats.runs, stats.deleted, stats.flows), (1, 2, 1));
    assert_eq!(stats, store.stats().unwrap(), "the host has the same store");

    engine.shutdown(Duration::ZERO).await;
    assert!(matches!(engine.stats(), Err(StoreError::Unreadable { .. })), "the engine has let go of it");
    assert_eq!(store.stats().unwrap().runs, 1);
    assert_eq!(SqliteStore::open_file(&copy).unwrap().stats().unwrap().runs, 3);
}
