//! Reading the events of a run: where it happens, and that nothing is missed.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

mod common;

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use common::WrappedStore;
use flowrun::{
    Commit, Context, Engine, Flow, Journal, JournalPage, JournalReader, NodeSpec, Outcome, Record,
    RunRequest, RunStatus, RunUpdate, Site, StoreError, Task, TaskExecutor, Timestamp, async_trait,
};
use futures::StreamExt as _;
use tokio::sync::Notify;

/// Whether reading may block, and on which threads it was read.
#[derive(Clone, Default)]
struct Told {
    may_block: bool,
    threads: Arc<Mutex<Vec<ThreadId>>>,
}

impl Told {
    /// A store that tells it of its journals.
    fn store(&self) -> WrappedStore {
        let told = self.clone();
        WrappedStore::new(move |journal| Box::new(ToldJournal(journal, told.clone())))
    }
}

struct ToldReader(Arc<dyn JournalReader>, Told);

impl JournalReader for ToldReader {
    fn read(&self, after: u64, max: usize) -> Result<JournalPage, StoreError> {
        self.1.threads.lock().unwrap().push(std::thread::current().id());
        self.0.read(after, max)
    }
    fn may_block(&self) -> bool {
        self.1.may_block
    }
}

struct ToldJournal(Box<dyn Journal>, Told);

impl Journal for ToldJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        self.0.append(at, records)
    }
    fn publish(&mut self) {
        self.0.publish();
    }
    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::new(ToldReader(self.0.reader(), self.1.clone()))
    }
}

/// Watches a run of a thousand roots to its end: the events, and whether any was read on this thread.
async fn watch(may_block: bool) -> (usize, bool) {
    let told = Told { may_block, ..Told::default() };
    let engine = Engine::builder().store(told.store()).function("work", |_, _| Outcome::done());
    let nodes = (0..1_000).map(|node| NodeSpec::new(node.to_string(), "work"));
    let flow = nodes.fold(Flow::builder(), |flow, node| flow.node(node)).build().unwrap();
    let engine = engine.build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap();
    let (mut events, mut seq) = (run.events(), 0);
    while let Some(watched) = events.next().await.unwrap() {
        let RunUpdate::Event(event) = watched else { panic!("none is missed") };
        assert_eq!(event.seq, seq + 1);
        seq = event.seq;
    }
    assert_eq!(run.state(), RunStatus::Passed);
    let here = std::thread::current().id();
    let read_here = told.threads.lock().unwrap().contains(&here);
    (usize::try_from(seq).unwrap(), read_here)
}

/// The runtime has one thread: whoever reads there keeps everybody else waiting.
#[tokio::test]
async fn what_may_block_is_read_on_another_thread() {
    assert_eq!(watch(true).await, (2 * 1_000 + 2, false));
    // What the line above would show.
    assert_eq!(watch(false).await, (2 * 1_000 + 2, true));
}

/// Works until it is let go on.
struct Waits(Arc<Notify>);

#[async_trait]
impl TaskExecutor for Waits {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        self.0.notified().await;
        Outcome::done()
    }
}

/// The rest is told while the last page is still read on another thread.
#[tokio::test]
async fn everything_before_the_rest_is_told_before_it() {
    let go_on = Arc::new(Notify::new());
    let told = Told { may_block: true, ..Told::default() };
    let engine = Engine::builder().store(told.store()).executor("work", Waits(Arc::clone(&go_on)));
    let engine = engine.build().unwrap();
    let flow = Flow::builder().node(NodeSpec::new("1", "work")).node(NodeSpec::new("2", "work"));
    let flow = flow.edge("1", "2").build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap();
    run.pause().await;
    go_on.notify_one();
    let told: Vec<_> = run.events().until_rest().into_stream().map(|event| event.unwrap()).collect().await;
    let Some(RunUpdate::Event(last)) = told.last() else { panic!("{told:?}") };
    assert!(matches!(last.record, Record::NodeDue { .. }) && last.node.as_deref() == Some("2"), "{last:?}");
    assert_eq!(run.state(), RunStatus::Working);
}
