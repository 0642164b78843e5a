//! Executors that do nothing, in the ways that cost something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun::{Context, Facts, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Task, TaskExecutor};
use flowrun::{Report, async_trait};
use serde_json::json;

/// Returns at its first poll.
#[derive(Debug)]
pub struct Nothing;

#[async_trait]
impl TaskExecutor for Nothing {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::done()
    }
}

/// Is pending once, woken at once.
#[derive(Debug)]
pub struct YieldsOnce;

#[async_trait]
impl TaskExecutor for YieldsOnce {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        yield_once().await;
        Outcome::done()
    }
}

/// Is pending once and wakes itself, wherever it is polled.
pub async fn yield_once() {
    let mut has_yielded = false;
    std::future::poll_fn(|cx| {
        if has_yielded {
            return std::task::Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Reports two objects with facts: conditions send one of them to each side.
#[derive(Debug)]
pub struct Finder {
    reports: Vec<ObjectReport>,
}

impl Default for Finder {
    fn default() -> Self {
        let found = |id: &str, score: f64| ObjectReport {
            entry: ObjectEntry::new("page", id).with_status(ObjectStatus::Passed),
            facts: Some(Facts::new(json!({"type": "scan", "score": score}))),
        };
        Self { reports: vec![found("good", 90.0), found("bad", 10.0)] }
    }
}

impl Finder {
    /// What it reports of each node.
    pub(crate) fn report(&self) -> Report {
        Report::Objects(self.reports.clone())
    }
}

#[async_trait]
impl TaskExecutor for Finder {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        context.report(self.report());
        Outcome::done()
    }
}

/// Does nothing, at the price of all that the gate has to notice: an allocation and a lock that nobody needs, and a
/// tree of the nodes it has seen, in which each costs more the more there are.
#[derive(Debug, Default)]
pub struct Saboteur {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last: Option<Box<[u8; 64]>>,
    calls: BTreeMap<String, u32>,
}

#[async_trait]
impl TaskExecutor for Saboteur {
    async fn execute(self: Arc<Self>, task: Task, _: Context) -> Outcome {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last = Some(Box::new([1; 64]));
        *kept.calls.entry(task.node().to_string()).or_default() += 1;
        Outcome::done()
    }
}
