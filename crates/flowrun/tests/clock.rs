//! What times nodes have whose executors never wait.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowrun::{
    Clock, Context, Engine, Flow, NodeSpec, Outcome, Record, RunRequest, Site, SystemClock, Task,
    TaskExecutor, Timestamp, Watched, async_trait,
};

/// Several ticks of any kernel.
const LONG: Duration = Duration::from_millis(60);
/// What is left of it at the least when both ends of it lag behind by a tick of 10 ms.
const AT_LEAST: i64 = 40_000;

/// Takes long without waiting for anything that the driver would notice.
struct Blocks;

#[async_trait]
impl TaskExecutor for Blocks {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        std::thread::sleep(LONG);
        Outcome::done()
    }
}

struct Nothing;

#[async_trait]
impl TaskExecutor for Nothing {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::done()
    }
}

/// The system's clock with ticks of a test's own choice, which counts how often it is read.
struct Counting {
    clock: SystemClock,
    tick: fn(&SystemClock) -> Option<i64>,
    read: Arc<AtomicUsize>,
}

impl Clock for Counting {
    fn now(&self) -> Timestamp {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.clock.now()
    }

    fn tick(&self) -> Option<i64> {
        (self.tick)(&self.clock)
    }
}

fn chain(nodes: usize) -> Flow {
    let flow = (0..nodes).fold(Flow::builder(), |flow, node| {
        let flow = flow.node(NodeSpec::new(node.to_string(), "work"));
        if node == 0 { flow } else { flow.edge(&(node - 1).to_string(), &node.to_string()) }
    });
    flow.build().unwrap()
}

/// Runs a chain: how long each of its nodes took, in microseconds, and how often the clock was read.
async fn took(
    nodes: usize,
    executor: impl TaskExecutor,
    tick: fn(&SystemClock) -> Option<i64>,
) -> (Vec<i64>, usize) {
    let read = Arc::new(AtomicUsize::new(0));
    let clock = Counting { clock: SystemClock::new(), tick, read: Arc::clone(&read) };
    let engine = Engine::builder().clock(clock).executor("work", executor).build().unwrap();
    let run = engine.start(RunRequest::new(chain(nodes), Site::new("https://a.example"))).await.unwrap();
    let (mut events, mut started, mut took) = (run.events(), Timestamp::default(), Vec::new());
    while let Some(Watched::Event(event)) = events.next().await.unwrap() {
        match event.record {
            Record::AttemptStarted { .. } => started = event.at,
            Record::NodeEnded { .. } => took.push(event.at.as_micros() - started.as_micros()),
            _ => {}
        }
    }
    (took, read.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_node_that_blocks_has_taken_its_time() {
    let (took, _) = took(3, Blocks, SystemClock::tick).await;
    assert!(took.len() == 3 && took.iter().all(|took| *took >= AT_LEAST), "{took:?}");
}

/// The test above would notice a clock that does not tick.
#[tokio::test]
async fn without_ticks_the_time_of_a_node_that_blocks_is_lost() {
    let (took, _) = took(3, Blocks, |_| Some(0)).await;
    assert_eq!(took, [0, 0, 0]);
}

#[tokio::test]
async fn what_happens_within_a_tick_shares_a_look_at_the_clock() {
    let (_, sharing) = took(1_000, Nothing, |_| Some(0)).await;
    // One look for each turn of 64 nodes, and a few around the run.
    assert!(sharing < 100, "{sharing}");
    let (_, each) = took(1_000, Nothing, |_| None).await;
    assert!(each > 1_000, "{each}");
}
