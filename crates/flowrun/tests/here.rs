//! A driver that writes itself keeps nobody waiting.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc as blocking};
use std::time::Duration;

use common::WrappedStore;
use flowrun::{
    Commit, Context, Engine, Flow, InPlaceWriter, Journal, JournalReader, NodeSpec, Outcome, Record,
    RunRequest, RunStatus, Site, Task, TaskExecutor, Timestamp, async_trait,
};
use tokio::sync::mpsc;

/// Passes at once.
struct Nothing;

#[async_trait]
impl TaskExecutor for Nothing {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::Passed
    }
}

/// What is done while a driver waits for the disk.
type Meanwhile = Arc<dyn Fn() + Send + Sync>;

/// A journal that always prefers to write on the thread of its driver.
struct HereJournal {
    journal: Box<dyn Journal>,
    meanwhile: Meanwhile,
}

impl Journal for HereJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        self.journal.append(at, records)
    }
    fn in_place(&mut self) -> Option<&mut dyn InPlaceWriter> {
        Some(self)
    }
    fn publish(&mut self) {
        self.journal.publish();
    }
    fn reader(&self) -> Arc<dyn JournalReader> {
        self.journal.reader()
    }
}

impl InPlaceWriter for HereJournal {
    fn append_in_place(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        (self.meanwhile)();
        self.journal.append(at, records)
    }
}

/// Runs four nodes, in a chain or side by side.
async fn run_four(is_chain: bool, meanwhile: impl Fn() + Send + Sync + 'static) {
    let meanwhile: Meanwhile = Arc::new(meanwhile);
    let store = WrappedStore::new(move |journal| {
        Box::new(HereJournal { journal, meanwhile: Arc::clone(&meanwhile) })
    });
    let engine = Engine::builder().executor("scan", Nothing).store(store).build().unwrap();
    let flow = (1..=4).fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(id.to_string(), "scan")));
    let flow = if is_chain { flow.edge("1", "2").edge("2", "3").edge("3", "4") } else { flow };
    let request = RunRequest::new(flow.build().unwrap(), Site::new("https://a.example"));
    let run = engine.start(request).await.unwrap();
    assert_eq!(run.wait().await.unwrap(), RunStatus::Passed);
}

/// How many decisions of such a run its driver writes itself.
async fn written_here(is_chain: bool) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let count_one = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    run_four(is_chain, count_one).await;
    count.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_driver_writes_itself_when_there_is_nothing_else_to_do() {
    // The start of the run, and the end of each node.
    assert_eq!(written_here(true).await, 5);
}

#[tokio::test]
async fn what_is_ready_together_is_written_together() {
    assert_eq!(written_here(false).await, 2);
}

#[tokio::test]
async fn on_a_runtime_of_one_thread_no_other_task_waits_for_the_disk() {
    let other = tokio::spawn(std::future::pending::<()>());
    assert_eq!(written_here(true).await, 0);
    other.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_that_waits_for_the_disk_is_handed_on() {
    let (ask, mut asked) = mpsc::unbounded_channel::<()>();
    let (answer, answered) = blocking::channel();
    let other = tokio::spawn(async move {
        while asked.recv().await.is_some() {
            answer.send(()).unwrap();
        }
    });
    let answered = Mutex::new(answered);
    run_four(true, move || {
        ask.send(()).unwrap();
        // The other task has only this worker; without one it would never answer.
        let answer = answered.lock().unwrap().recv_timeout(Duration::from_secs(60));
        answer.expect("the other task goes on meanwhile");
    })
    .await;
    other.await.unwrap();
}
