//! Executors that never stop talking: what bounds them, and that nobody else waits for them. Everything is counted in
//! reports and in readings of a clock that the executors move themselves.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use flowrun::{
    Clock, Context, Engine, EngineBuilder, ErrorClass, Facts, Flow, FlowRun, NodeSpec, NodeStatus,
    ObjectEntry, ObjectReport, ObjectStatus, Outcome, Placement, Report, RunPolicy, RunRequest, RunStatus,
    Site, Task, TaskExecutor, Timestamp, async_trait,
};
use serde_json::json;

/// Nobody is let talk for longer: a test fails then, instead of going on for ever.
const ENOUGH: u64 = 2_000_000;

/// More than a turn of the driver, and far less than what a flood says in a tenth of a second.
const FEW: u64 = 1_000;

/// A clock that is moved by hand.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn move_on(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// How an executor talks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Without ever awaiting anything, but it looks whether it is cancelled.
    Polite,
    /// With a yield after each line; it looks as well.
    Yields,
    /// The same, and it looks at nothing.
    Deaf,
}

/// Logs lines for ever. Each takes a millisecond.
struct Flood {
    manner: Manner,
    placement: Placement,
    clock: Hand,
    said: Arc<AtomicU64>,
    /// Set when the flood is under way.
    began: Arc<AtomicBool>,
}

#[async_trait]
impl TaskExecutor for Flood {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        loop {
            let said = self.said.fetch_add(1, Ordering::Relaxed);
            assert!(said < ENOUGH, "nobody stopped it");
            context.log(format!("line {said} of a flood"));
            self.began.store(true, Ordering::Relaxed);
            self.clock.move_on(Duration::from_millis(1));
            if self.manner != Manner::Polite {
                tokio::task::yield_now().await;
            }
            if self.manner != Manner::Deaf && context.is_cancelled() {
                // What it says of itself counts no more.
                return Outcome::Passed;
            }
        }
    }

    fn placement(&self) -> Placement {
        self.placement
    }
}

struct World {
    clock: Hand,
    said: Arc<AtomicU64>,
    began: Arc<AtomicBool>,
}

fn flood(manner: Manner, placement: Placement) -> (EngineBuilder, World) {
    let world = World { clock: Hand::default(), said: Arc::default(), began: Arc::default() };
    let flood = Flood {
        manner,
        placement,
        clock: world.clock.clone(),
        said: Arc::clone(&world.said),
        began: Arc::clone(&world.began),
    };
    let builder = Engine::builder()
        .clock(world.clock.clone())
        .executor("flood", flood)
        .function("quick", |_, _| Outcome::done())
        .grace(Duration::from_millis(100));
    (builder, world)
}

fn request(task_type: &str) -> RunRequest {
    let flow = Flow::builder().node(NodeSpec::new("1", task_type)).build().unwrap();
    RunRequest::new(flow, Site::new("https://a.example"))
}

fn lines(run: &FlowRun) -> Vec<String> {
    run.logs().iter().filter(|line| line.step == "1").map(|line| line.message.clone()).collect()
}

fn has_line(run: &FlowRun, text: &str) -> bool {
    lines(run).iter().any(|line| line.contains(text))
}

const MANNERS: [Manner; 3] = [Manner::Polite, Manner::Yields, Manner::Deaf];

#[tokio::test]
async fn a_deadline_ends_a_flood_whatever_it_says_afterwards() {
    for manner in MANNERS {
        for placement in [Placement::InPlace, Placement::OwnTask] {
            let (builder, world) = flood(manner, placement);
            let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(1));
            let engine = builder.policy(policy).build().unwrap();
            let result = engine.start(request("flood")).await.unwrap().result().await.unwrap();
            assert_eq!(result.status(), RunStatus::Failed);
            assert!(has_line(&result, "timed out after 1 s"), "{:?}", lines(&result).last());
            let said = world.said.load(Ordering::Relaxed);
            assert!(said < 1_000 + FEW, "{said} lines");
        }
    }
}

#[tokio::test]
async fn so_do_the_deadlines_of_a_node_and_of_a_run() {
    let second = Duration::from_secs(1);
    let limits = [RunPolicy::default().node_timeout(second), RunPolicy::default().run_timeout(second)];
    for policy in limits {
        for manner in MANNERS {
            let (builder, world) = flood(manner, Placement::InPlace);
            let engine = builder.policy(policy.clone()).build().unwrap();
            let run = engine.start(request("flood")).await.unwrap();
            let result = run.result().await.unwrap();
            assert_eq!(result.status(), RunStatus::Failed);
            assert!(run.has_timed_out() || has_line(&result, "timed out after 1 s in all"));
            assert!(world.said.load(Ordering::Relaxed) < 1_000 + FEW);
        }
    }
}

#[tokio::test]
async fn on_one_thread_other_tasks_are_served_and_a_cancel_ends_a_flood() {
    for manner in [Manner::Yields, Manner::Deaf] {
        for placement in [Placement::InPlace, Placement::OwnTask] {
            let (builder, world) = flood(manner, placement);
            let engine = builder.build().unwrap();
            let run = engine.start(request("flood")).await.unwrap();
            while !world.began.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            let before = world.said.load(Ordering::Relaxed);
            let other = engine.start(request("quick")).await.unwrap();
            assert_eq!(other.result().await.unwrap().status(), RunStatus::Passed);
            let snapshot = run.snapshot().await.unwrap();
            assert_eq!(snapshot.node("1").unwrap().status, NodeStatus::Working);
            run.cancel().await;
            assert_eq!(run.result().await.unwrap().status(), RunStatus::Cancelled);
            let said = world.said.load(Ordering::Relaxed) - before;
            assert!(said < 3 * FEW, "{said} lines");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_reaches_an_executor_that_never_awaits() {
    for placement in [Placement::InPlace, Placement::OwnTask] {
        let (builder, world) = flood(Manner::Polite, placement);
        let engine = builder.build().unwrap();
        let run = engine.start(request("flood")).await.unwrap();
        while !world.began.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        run.cancel().await;
        let result = run.result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Cancelled);
        // It passed by its own account, but only after it was cancelled: what it achieved counts.
        assert_eq!(result.node("1").unwrap().status, NodeStatus::Passed);
        assert!(world.said.load(Ordering::Relaxed) < ENOUGH);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_reaches_an_executor_that_never_awaits() {
    for placement in [Placement::InPlace, Placement::OwnTask] {
        let (builder, world) = flood(Manner::Polite, placement);
        let engine = builder.build().unwrap();
        let run = engine.start(request("flood")).await.unwrap();
        while !world.began.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        engine.shutdown(Duration::from_millis(10)).await;
        assert!(run.result().await.is_err() || world.said.load(Ordering::Relaxed) < ENOUGH);
        assert!(world.said.load(Ordering::Relaxed) < ENOUGH, "it was told");
    }
}

/// What very many lines at once leave: as many as there is room for, and the number of the others.
#[tokio::test]
async fn lines_are_dropped_and_counted_and_objects_are_not() {
    const ALL: usize = 200_000;
    let engine = Engine::builder().function("flood", |_, context| {
        for line in 0..ALL {
            context.log(format!("{line}"));
            if line % (ALL / 10) == 0 {
                let entry = ObjectEntry::new("page", line.to_string()).with_status(ObjectStatus::Passed);
                context.report_object(entry, None);
            }
        }
        Outcome::done()
    });
    let policy = RunPolicy::default().max_log_lines(usize::MAX);
    let engine = engine.policy(policy).build().unwrap();
    let result = engine.start(request("flood")).await.unwrap().result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    assert_eq!(result.node("1").unwrap().objects.len(), 10);
    let lines = lines(&result);
    let kept = lines.iter().filter(|line| line.parse::<usize>().is_ok()).count();
    assert!((10_000..20_000).contains(&kept), "{kept} lines of a few bytes fit into a MiB");
    let dropped = format!("{} log lines dropped: they came faster than they are written", ALL - kept);
    assert_eq!(lines.iter().filter(|line| **line == dropped).count(), 1, "{:?}", lines.last());
}

/// An attempt that returns after its deadline is over, though nobody could tell it so.
#[tokio::test]
async fn a_success_after_the_deadline_comes_too_late() {
    let clock = Hand::default();
    let moved = clock.clone();
    let late = move |_: &Task, context: &Context| {
        moved.move_on(Duration::from_millis(999));
        assert!(!context.is_cancelled());
        moved.move_on(Duration::from_millis(1));
        assert!(context.is_cancelled());
        Outcome::Passed
    };
    let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(1));
    let engine = Engine::builder().clock(clock).function("late", late).policy(policy).build().unwrap();
    let result = engine.start(request("late")).await.unwrap().result().await.unwrap();
    assert_eq!(result.node("1").unwrap().status, NodeStatus::Failed);
    assert!(has_line(&result, "timed out after 1 s"));
}

/// Reports 100 objects of 50 kB each.
struct Objects {
    flushes: bool,
}

#[async_trait]
impl TaskExecutor for Objects {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        for number in 0..100 {
            let entry = ObjectEntry::new("page", number.to_string()).with_status(ObjectStatus::Passed);
            let facts = Facts::new(json!({"type": "scan", "text": "x".repeat(50_000)}));
            context.report(Report::Objects(vec![ObjectReport { entry, facts: Some(facts) }]));
            if self.flushes {
                context.flush().await;
            }
        }
        Outcome::Passed
    }
}

#[tokio::test]
async fn objects_that_nobody_waited_for_fail_the_node_with_a_line() {
    let policy = RunPolicy::default().max_decision_bytes(1 << 20);
    for flushes in [false, true] {
        let engine = Engine::builder().executor("objects", Objects { flushes }).policy(policy.clone());
        let engine = engine.build().unwrap();
        let result = engine.start(request("objects")).await.unwrap().result().await.unwrap();
        let node = result.node("1").unwrap();
        if flushes {
            assert_eq!((node.status, node.objects.len()), (NodeStatus::Passed, 100));
        } else {
            assert_eq!(node.status, NodeStatus::Failed);
            assert!(has_line(&result, "bytes of objects wait to be written (`max_decision_bytes`)"));
            assert_eq!(node.objects.len(), 20);
        }
    }
}

/// The clocks of a paused run stand still, so an executor that goes on meanwhile is not told that its time is over.
#[tokio::test]
async fn an_executor_is_not_told_to_stop_by_a_clock_that_stands_still() {
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
    for policy in [RunPolicy::default().node_timeout(second), RunPolicy::default().run_timeout(second)] {
        let clock = Hand::default();
        let looked = Arc::<AtomicU64>::default();
        let engine = Engine::builder().clock(clock.clone()).executor("looks", Looks(Arc::clone(&looked)));
        let engine = engine.policy(policy).build().unwrap();
        let run = engine.start(request("looks")).await.unwrap();
        let look = async || {
            let before = looked.load(Ordering::Relaxed);
            while looked.load(Ordering::Relaxed) < before + 9 {
                tokio::task::yield_now().await;
            }
        };
        look().await;
        run.pause().await;
        clock.move_on(hour);
        look().await;
        run.resume().await;
        look().await;
        clock.move_on(hour);
        assert_eq!(run.result().await.unwrap().status(), RunStatus::Failed);
    }
}

/// Looks whether it is cancelled, again and again, and counts how often it is not.
struct Looks(Arc<AtomicU64>);

#[async_trait]
impl TaskExecutor for Looks {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        while !context.is_cancelled() {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) < ENOUGH, "nobody stopped it");
            tokio::task::yield_now().await;
        }
        Outcome::failed("stopped").class(ErrorClass::Stopped)
    }
}
