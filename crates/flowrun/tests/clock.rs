//! What times nodes have, and how often the clock is read for them.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use flowrun::{
    Clock, Context, Engine, EngineBuilder, Flow, NodeSpec, Outcome, Record, RunPolicy, RunRequest, RunUpdate,
    Site, SystemClock, Task, TaskExecutor, Timestamp, async_trait,
};

/// Longer than a tick.
const LONG: i64 = 60_000;

/// A clock that stands still until somebody moves it.
#[derive(Clone)]
struct Hand {
    micros: Arc<AtomicI64>,
    tick: fn(micros: i64) -> Option<i64>,
    read: Arc<AtomicUsize>,
}

impl Hand {
    fn new(tick: fn(i64) -> Option<i64>) -> Self {
        Self { micros: Arc::default(), tick, read: Arc::default() }
    }

    fn move_on(&self) {
        self.micros.fetch_add(LONG, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.read.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(self.micros.load(Ordering::Relaxed))
    }

    fn tick(&self) -> Option<i64> {
        (self.tick)(self.micros.load(Ordering::Relaxed))
    }
}

/// Every four milliseconds, as most kernels do.
fn as_kernels_do(micros: i64) -> Option<i64> {
    Some(micros / 4_000)
}

fn never(_: i64) -> Option<i64> {
    Some(0)
}

fn chain(nodes: usize) -> Flow {
    let flow = (0..nodes).fold(Flow::builder(), |flow, node| {
        let flow = flow.node(NodeSpec::new(node.to_string(), "work"));
        if node == 0 { flow } else { flow.edge((node - 1).to_string(), node.to_string()) }
    });
    flow.build().unwrap()
}

/// Runs a chain: how long each of its nodes took, in microseconds.
async fn took(nodes: usize, engine: EngineBuilder) -> Vec<i64> {
    let engine = engine.build().unwrap();
    let run = engine.start(RunRequest::new(chain(nodes), Site::new("https://a.example"))).await.unwrap();
    let (mut events, mut started, mut took) = (run.events(), Timestamp::default(), Vec::new());
    while let Some(RunUpdate::Event(event)) = events.next().await.unwrap() {
        match event.record {
            Record::AttemptStarted { .. } => started = event.at,
            Record::NodeEnded { .. } => took.push(event.at.as_micros() - started.as_micros()),
            _ => {}
        }
    }
    took
}

/// An engine whose nodes take long without waiting for anything that the driver would notice.
fn blocking(clock: &Hand) -> EngineBuilder {
    let moved = clock.clone();
    Engine::builder().clock(clock.clone()).function("work", move |_, _| {
        moved.move_on();
        Outcome::done()
    })
}

#[tokio::test]
async fn a_node_that_blocks_has_taken_its_time() {
    assert_eq!(took(3, blocking(&Hand::new(as_kernels_do))).await, [LONG; 3]);
    assert_eq!(took(3, blocking(&Hand::new(|_| None))).await, [LONG; 3]);
    // What the two above would show if ticks went unnoticed.
    assert_eq!(took(3, blocking(&Hand::new(never))).await, [0; 3]);
}

/// Takes long, and waits.
struct Waits(Hand);

#[async_trait]
impl TaskExecutor for Waits {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        tokio::task::yield_now().await;
        self.0.move_on();
        Outcome::done()
    }
}

#[tokio::test]
async fn after_a_wait_the_time_is_exact_whatever_the_tick_says() {
    let clock = Hand::new(never);
    let engine = Engine::builder().clock(clock.clone()).executor("work", Waits(clock));
    // With a timer set the driver looks at the clock before it waits, too.
    let engine = engine.policy(RunPolicy::default().attempt_timeout(Duration::from_hours(1)));
    assert_eq!(took(3, engine).await, [LONG; 3]);
}

#[tokio::test]
async fn after_others_had_their_turn_the_time_is_exact() {
    let clock = Hand::new(never);
    let moved = clock.clone();
    let other = tokio::spawn(async move {
        loop {
            moved.move_on();
            tokio::task::yield_now().await;
        }
    });
    let engine = Engine::builder().clock(clock).function("work", |_, _| Outcome::done());
    let took = took(200, engine).await;
    other.abort();
    // A turn of the driver is 64 nodes. One that is due when it ends is called in the next, after the clock moved.
    assert!(took.iter().any(|took| *took >= LONG), "{took:?}");
}

#[tokio::test]
async fn what_happens_within_a_tick_shares_a_look_at_the_clock() {
    let looks = async |tick| {
        let clock = Hand::new(tick);
        took(1_000, Engine::builder().clock(clock.clone()).function("work", |_, _| Outcome::done())).await;
        clock.read.load(Ordering::Relaxed)
    };
    // One for each turn of 64 nodes, and a few around the run.
    assert!(looks(never).await < 100);
    assert!(looks(|_| None).await > 1_000);
}

/// Load can only make it longer.
#[tokio::test]
async fn the_clock_of_the_system_notices_a_node_that_blocks() {
    let long = Duration::from_micros(LONG.unsigned_abs());
    let engine = Engine::builder().clock(SystemClock::new()).function("work", move |_, _| {
        std::thread::sleep(long);
        Outcome::done()
    });
    let took = took(2, engine).await;
    // Both ends are read to the microsecond.
    assert!(took.len() == 2 && took.iter().all(|took| *took >= LONG - 1), "{took:?}");
}
