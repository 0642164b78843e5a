//! Runs that outlive their engine, and what holds runs back.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::WrappedStore;
use flowrun::{
    Clock, Commit, Context, EffectClass, Engine, EngineBuilder, Flow, Journal, JournalReader, NodeSpec,
    NodeStatus, ObjectEntry, ObjectStatus, OnUnknown, Outcome, Probe, Record, Rerun, ResumeError,
    RetryPolicy, RunError, RunPolicy, RunRequest, RunState, RunStatus, Site, StartError, Store, StoreError,
    Task, TaskExecutor, Timestamp, async_trait,
};
use tokio::sync::mpsc;

/// One store in the hands of several engines, as a file is. It fails once so many appends were made.
fn failing_after(appends: usize) -> WrappedStore {
    let appends_left = Arc::new(AtomicUsize::new(appends));
    WrappedStore::new(move |journal| {
        Box::new(FailingJournal { journal, appends_left: Arc::clone(&appends_left) })
    })
}

struct FailingJournal {
    journal: Box<dyn Journal>,
    appends_left: Arc<AtomicUsize>,
}

impl Journal for FailingJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        let left = self.appends_left.load(Ordering::Relaxed);
        if left == 0 {
            return Commit::Done(Err(StoreError::FailStop {
                source: Arc::new(std::io::Error::other("full")),
            }));
        }
        self.appends_left.store(left - 1, Ordering::Relaxed);
        self.journal.append(at, records)
    }
    fn publish(&mut self) {
        self.journal.publish();
    }
    fn reader(&self) -> Arc<dyn JournalReader> {
        self.journal.reader()
    }
}

/// The time of tokio, which stands still in a test, for all engines of it.
#[derive(Clone, Copy)]
struct TestClock(tokio::time::Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.after(self.0.elapsed())
    }
}

/// What an executor was called with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Called {
    node: String,
    attempt: String,
    key: String,
    possible_duplicate: bool,
}

/// Does what the node's `do` says, and tells the test of each call.
struct Worker {
    calls: mpsc::UnboundedSender<Called>,
    hangs: bool,
    effect: EffectClass,
    probe: Probe,
    /// Contexts of attempts that have not come back.
    left: Arc<Mutex<Vec<Context>>>,
}

#[async_trait]
impl TaskExecutor for Worker {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        self.tell(&task, &context);
        let work: BTreeMap<String, serde_json::Value> = task.settings().unwrap();
        match work.get("do").and_then(|work| work.as_str()).unwrap_or_default() {
            "hang" if self.hangs => {
                self.left.lock().unwrap().push(context.clone());
                std::future::pending().await
            }
            "fail once" if context.attempt().number() == 1 => Outcome::failed("busy").retryable(),
            "fail visit" if context.attempt().visit() == 1 => Outcome::failed("no luck"),
            "sleep" => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Outcome::done()
            }
            _ => Outcome::done(),
        }
    }

    fn effect(&self) -> EffectClass {
        self.effect
    }

    async fn probe(&self, _: &Task, _: &Context) -> Probe {
        self.probe
    }
}

impl Worker {
    fn tell(&self, task: &Task, context: &Context) {
        let called = Called {
            node: task.node().into_owned(),
            attempt: context.attempt().to_string(),
            key: context.idempotency_key(&ObjectEntry::new("p", "o")),
            possible_duplicate: task.is_possible_duplicate(),
        };
        self.calls.send(called).unwrap();
    }
}

/// Makes engines over one store, and hears what their executors were called with.
struct Bench {
    store: WrappedStore,
    clock: TestClock,
    calls_in: mpsc::UnboundedSender<Called>,
    calls: mpsc::UnboundedReceiver<Called>,
    left: Arc<Mutex<Vec<Context>>>,
}

impl Bench {
    fn new() -> Self {
        Self::over(failing_after(usize::MAX))
    }

    fn over(store: WrappedStore) -> Self {
        let (calls_in, calls) = mpsc::unbounded_channel();
        let clock = TestClock(tokio::time::Instant::now());
        Self { store, clock, calls_in, calls, left: Arc::default() }
    }

    fn worker(&self) -> Worker {
        let (calls, left) = (self.calls_in.clone(), Arc::clone(&self.left));
        Worker { calls, hangs: false, effect: EffectClass::Keyed, probe: Probe::Unknown, left }
    }

    fn builder(&self) -> EngineBuilder {
        Engine::builder().store(self.store.clone()).clock(self.clock)
    }

    /// An engine whose executor hangs where the flow says so.
    fn first(&self) -> Engine {
        self.builder().executor("work", Worker { hangs: true, ..self.worker() }).build().unwrap()
    }

    /// An engine whose executor does all it is asked to.
    fn next(&self) -> Engine {
        self.builder().executor("work", self.worker()).build().unwrap()
    }

    /// The calls since the last look.
    fn calls(&mut self) -> Vec<Called> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }
}

fn request(nodes: &[(&str, &str)]) -> RunRequest {
    let spec = |(id, work): &(&str, &str)| NodeSpec::new(*id, "work").set("do", *work);
    let flow = nodes.iter().fold(Flow::builder(), |flow, node| flow.node(spec(node)));
    let flow = nodes.windows(2).fold(flow, |flow, pair| flow.edge(pair[0].0, pair[1].0));
    RunRequest::new(flow.build().unwrap(), Site::new("https://example.com"))
}

#[tokio::test(start_paused = true)]
async fn a_run_left_by_one_engine_goes_on_in_the_next() {
    let mut bench = Bench::new();
    let engine = bench.first();
    let run = engine.start(request(&[("1", ""), ("2", "hang"), ("3", "")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::ZERO).await;
    assert!(matches!(run.result().await, Err(RunError::Parked)));
    let before = bench.calls();

    let recovered = bench.next().recover().await.unwrap();
    assert!(recovered.untouched.is_empty());
    let result = recovered.resumed[0].result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    let after = bench.calls();
    let shown = |calls: &[Called]| -> Vec<String> {
        calls.iter().map(|call| format!("{}#{}", call.node, call.attempt)).collect()
    };
    assert_eq!(
        (shown(&before), shown(&after)),
        (vec!["1#1".into(), "2#1".into()], vec!["2#2".into(), "3#1".into()])
    );
    assert_eq!(before[1].key, after[0].key, "a new attempt has the key of the one before");
    assert_eq!((before[1].possible_duplicate, after[0].possible_duplicate), (false, true));
    assert!(bench.next().recover().await.unwrap().resumed.is_empty(), "nothing is open any more");
}

#[tokio::test(start_paused = true)]
async fn what_tasks_of_an_older_engine_still_say_has_no_effect() {
    let bench = Bench::new();
    let engine = bench.first();
    let run = engine.start(request(&[("1", "hang")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::ZERO).await;
    drop(engine);
    let recovered = bench.next().recover().await.unwrap();
    let old = bench.left.lock().unwrap().pop().unwrap();
    assert!(old.is_cancelled(), "the executor was told to stop");
    old.log("too late");
    old.report_object(ObjectEntry::new("p", "late").with_status(ObjectStatus::Failed), None);
    let result = recovered.resumed[0].result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    assert!(!result.to_json().contains("late"));
    drop(run);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lacks_a_secret_or_an_executor_is_left_untouched_and_named() {
    let bench = Bench::new();
    let secrets = BTreeMap::from([("TOKEN".to_owned(), "swordfish".to_owned())]);
    let worker = Worker { hangs: true, ..bench.worker() };
    let engine = bench.builder().executor("work", worker).secrets(secrets).build().unwrap();
    let flow = Flow::builder().node(NodeSpec::new("1", "work").set("do", "hang").set("text", "{{TOKEN}}"));
    let flow = flow.build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await.unwrap();
    engine.shutdown(Duration::ZERO).await;
    let lines = |bench: &Bench| bench.store.reader(run.id()).unwrap().read(0, 99).unwrap().lines.len();
    let before = lines(&bench);

    let untouched = bench.next().recover().await.unwrap().untouched;
    assert_eq!(untouched[0].run, run.id());
    assert!(matches!(&untouched[0].reason, ResumeError::MissingSecrets(names) if names == &["TOKEN"]));
    let secrets = BTreeMap::from([("TOKEN".to_owned(), "swordfish".to_owned())]);
    let other = bench.builder().executor("other", bench.worker()).secrets(secrets).build().unwrap();
    let refused = other.resume(run.id()).await;
    assert!(matches!(refused, Err(ResumeError::Refused(_))), "{refused:?}");
    assert_eq!(lines(&bench), before);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_another_attempt_goes_on_in_the_next_engine() {
    let mut bench = Bench::new();
    let wait = RetryPolicy::default().max_attempts(2).first_wait(Duration::from_secs(100)).jitter(0);
    let policy = RunPolicy::default().retry(wait.max_wait(Duration::from_secs(100)));
    let engine = bench.first();
    let run = engine.start(request(&[("1", "fail once")]).policy(policy)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    engine.shutdown(Duration::ZERO).await;
    let recovered = bench.next().recover().await.unwrap();
    let result = recovered.resumed[0].result().await.unwrap();
    let completed = result.node("1").unwrap().time_completed.unwrap().as_micros();
    assert!((100_000_000..100_100_000).contains(&completed), "{completed} µs");
    assert_eq!(bench.calls().len(), 2, "one attempt before, one after the wait");
    drop(run);
}

/// The time of the run, or of the node, passes while no engine has it: nobody is called once more.
#[tokio::test(start_paused = true)]
async fn what_is_over_when_an_engine_comes_back_is_ended_before_anything_is_called() {
    let limit = Duration::from_secs(60);
    for policy in [RunPolicy::default().run_timeout(limit), RunPolicy::default().node_timeout(limit)] {
        for (away, calls_after) in [(50, 1), (60, 0)] {
            let mut bench = Bench::new();
            let engine = bench.first();
            let run = engine.start(request(&[("1", "hang")]).policy(policy.clone())).await.unwrap();
            tokio::task::yield_now().await;
            engine.shutdown(Duration::ZERO).await;
            assert_eq!(bench.calls().len(), 1);
            tokio::time::sleep(Duration::from_secs(away)).await;
            let recovered = bench.next().recover().await.unwrap();
            let status = recovered.resumed[0].result().await.unwrap().status();
            assert_eq!(status, if calls_after == 0 { RunStatus::Failed } else { RunStatus::Passed });
            assert_eq!(bench.calls().len(), calls_after, "{policy:?} after {away} s");
            drop(run);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_waits_for_a_person_has_time_left_when_one_comes() {
    let mut bench = Bench::new();
    let policy = RunPolicy::default().node_timeout(Duration::from_secs(60)).on_unknown(OnUnknown::Pause);
    let engine = bench.first();
    let run = engine.start(request(&[("1", "hang")]).policy(policy)).await.unwrap();
    tokio::task::yield_now().await;
    engine.shutdown(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let resumed = bench.next().resume(run.id()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    resumed.wait_until_at_rest().await;
    let awaiting = RunState::AwaitingPerson { at_rest: true };
    assert_eq!((resumed.state(), resumed.state().status()), (awaiting, RunStatus::Working));
    assert_eq!(resumed.snapshot().await.unwrap().state, awaiting);
    assert_eq!(bench.calls().len(), 1);
    resumed.resume().await;
    assert_eq!(resumed.result().await.unwrap().status(), RunStatus::Passed);
    assert_eq!((resumed.state(), bench.calls().len()), (RunState::Passed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_starts_nothing_until_it_is_resumed() {
    let mut bench = Bench::new();
    let run = bench.next().start(request(&[("1", "sleep"), ("2", "")])).await.unwrap();
    run.pause().await;
    run.wait_until_at_rest().await;
    assert_eq!(run.snapshot().await.unwrap().node("1").unwrap().status, NodeStatus::Passed);
    assert_eq!(bench.calls().len(), 1);
    run.resume().await;
    run.wait_until_at_rest().await;
    assert_eq!(run.state(), RunStatus::Passed, "it is not at rest before it is over");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_left_is_cancelled_without_calling_anything() {
    let mut bench = Bench::new();
    let engine = bench.first();
    let run = engine.start(request(&[("1", "hang"), ("2", "")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::ZERO).await;
    assert_eq!(bench.calls().len(), 1);
    let next = bench.next();
    assert_eq!(next.cancel(run.id()).await.unwrap().status(), RunStatus::Cancelled);
    assert!(matches!(next.cancel(run.id()).await, Err(ResumeError::Rejected(_))), "it is over");
    assert!(next.recover().await.unwrap().resumed.is_empty());
    assert_eq!(bench.calls(), []);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_paused_by_its_id_where_it_works_and_where_it_was_left() {
    let mut bench = Bench::new();
    let engine = bench.first();
    let at_work = engine.start(request(&[("1", "sleep"), ("2", "")])).await.unwrap();
    engine.pause(at_work.id()).await.unwrap();
    at_work.wait_until_at_rest().await;
    assert_eq!(at_work.state(), RunState::Paused { at_rest: true });
    let left = engine.start(request(&[("1", "hang"), ("2", "")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::ZERO).await;
    bench.calls();

    let next = bench.next();
    next.pause(left.id()).await.unwrap();
    // It changes nothing to ask twice.
    next.pause(left.id()).await.unwrap();
    assert_eq!(bench.calls(), [], "nothing is started for it");
    let resumed = next.resume(left.id()).await.unwrap();
    resumed.wait_until_at_rest().await;
    assert_eq!(resumed.state(), RunState::Paused { at_rest: true });
    assert_eq!(next.cancel(left.id()).await.unwrap().status(), RunStatus::Cancelled);
    assert!(matches!(next.pause(left.id()).await, Err(ResumeError::Rejected(_))), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_run_at_work_is_cancelled_by_its_id() {
    let bench = Bench::new();
    let engine = bench.first();
    let run = engine.start(request(&[("1", "hang")])).await.unwrap();
    assert_eq!(engine.cancel(run.id()).await.unwrap().status(), RunStatus::Cancelled);
    assert_eq!(run.state(), RunStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_over_is_done_once_more_with_keys_of_its_own() {
    let mut bench = Bench::new();
    let engine = bench.next();
    let run = engine.start(request(&[("1", "fail visit"), ("2", "")])).await.unwrap();
    assert_eq!(run.result().await.unwrap().status(), RunStatus::Failed);
    let again = engine.rerun(run.id(), Rerun::Failed).await.unwrap();
    assert_eq!(again.result().await.unwrap().status(), RunStatus::Passed);
    let calls = bench.calls();
    let attempts: Vec<&str> = calls.iter().map(|call| &*call.attempt).collect();
    assert_eq!(attempts, ["1", "2.1", "1"]);
    assert_ne!(calls[0].key, calls[1].key);
    let refused = engine.rerun(run.id(), Rerun::Failed).await;
    assert!(matches!(refused, Err(ResumeError::Rejected(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_done_once_more_the_moment_it_is_over() {
    let bench = Bench::new();
    let engine = bench.next();
    let mut run = engine.start(request(&[("1", "")])).await.unwrap();
    for _ in 0..50 {
        assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
        run = engine.rerun(run.id(), Rerun::From("1".into())).await.unwrap();
    }
    assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_can_find_out_is_asked_before_an_effect_is_repeated() {
    for (probe, calls) in [(Probe::Done, 0), (Probe::NotDone, 1), (Probe::Unknown, 1)] {
        let mut bench = Bench::new();
        let effect = EffectClass::Probeable;
        let first = Worker { hangs: true, effect, ..bench.worker() };
        let engine = bench.builder().executor("work", first).build().unwrap();
        let run = engine.start(request(&[("1", "hang")])).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        engine.shutdown(Duration::ZERO).await;
        bench.calls();
        let next = Worker { effect, probe, ..bench.worker() };
        let next = bench.builder().executor("work", next).build().unwrap();
        let result = next.resume(run.id()).await.unwrap().result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Passed);
        assert_eq!(bench.calls().len(), calls, "{probe:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_work_in_all_runs_than_the_engine_allows() {
    let bench = Bench::new();
    let engine = bench.builder().executor("work", bench.worker()).max_concurrent(2).build().unwrap();
    let mut runs = Vec::new();
    for _ in 0..6 {
        runs.push(engine.start(request(&[("1", "sleep")])).await.unwrap());
    }
    for run in &runs {
        assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
    }
    let took = bench.clock.now().as_micros();
    assert!((3_000_000..3_100_000).contains(&took), "six of a second each, two at a time: {took} µs");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_stops_the_run_and_nothing_is_acknowledged() {
    let bench = Bench::over(failing_after(0));
    let refused = bench.next().start(request(&[("1", "")])).await;
    assert!(matches!(refused, Err(StartError::Store(StoreError::FailStop { .. }))), "{refused:?}");

    let mut bench = Bench::over(failing_after(1));
    let run = bench.next().start(request(&[("1", ""), ("2", "")])).await.unwrap();
    assert!(matches!(run.result().await, Err(RunError::Store(StoreError::FailStop { .. }))));
    assert_eq!(bench.calls().len(), 1, "the second node was never written down");

    let bench = Bench::over(failing_after(1));
    let run = bench.first().start(request(&[("1", "hang")])).await.unwrap();
    run.cancel().await;
    assert!(matches!(run.result().await, Err(RunError::Store(_))));
    assert!(bench.left.lock().unwrap()[0].is_cancelled(), "the executor was told to stop");
}
