//! A store of one's own, around one that is there: it keeps a copy of every record, as a line of JSON.
//! `cargo test -p flowrun --example own_store` runs the suite that every store has to pass.

use std::sync::{Arc, Mutex, PoisonError};

use flowrun::{
    Commit, Engine, Flow, Journal, JournalReader, MemoryStore, NewRun, NodeSpec, Opened, Outcome, Record,
    RunFilter, RunId, RunRequest, RunSummary, Site, Store, StoreError, Timestamp,
};

type Lines = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Default)]
struct Copying(Arc<MemoryStore>, Lines);

impl Store for Copying {
    fn id(&self) -> [u8; 16] {
        self.0.id()
    }
    fn is_volatile(&self) -> bool {
        self.0.is_volatile()
    }
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }
    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        Ok(Box::new(CopyingJournal(self.0.create(run)?, self.1.clone())))
    }
    fn open(&self, run: RunId) -> Result<Opened, StoreError> {
        let (stored, journal) = self.0.open(run)?;
        Ok((stored, Box::new(CopyingJournal(journal, self.1.clone()))))
    }
    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        self.0.reader(run)
    }
    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.0.runs(which)
    }
    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        self.0.delete(run)
    }
}

struct CopyingJournal(Box<dyn Journal>, Lines);

impl Journal for CopyingJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        let copies: Vec<_> = records.iter().filter_map(|record| serde_json::to_string(record).ok()).collect();
        let commit = self.0.append(at, records);
        // The store in memory is done at once; of one that is `Pending` this would be done when its future is.
        if let Commit::Done(Ok(())) = &commit {
            self.1.lock().unwrap_or_else(PoisonError::into_inner).extend(copies);
        }
        commit
    }
    fn publish(&mut self) {
        self.0.publish();
    }
    fn reader(&self) -> Arc<dyn JournalReader> {
        self.0.reader()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Copying::default();
    let engine = Engine::builder().function("greet", |_, _| Outcome::done()).store(store.clone()).build()?;
    let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
    engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?.wait().await?;
    let lines = store.1.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(lines.len() == 4 && lines[3].contains("RunEnded"), "{lines:?}");
    Ok(())
}

#[test]
fn it_is_a_store() {
    let open = || Box::new(Copying::default()) as Box<dyn Store>;
    assert_eq!(flowrun_testkit::store_suite::run(|| Box::new(open)), []);
}
