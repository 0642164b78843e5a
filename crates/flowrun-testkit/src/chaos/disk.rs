//! A store whose writes take their time, fail, and are partly there after the process has ended.
//!
//! What is written stands in a real [`MemoryStore`]; here is only what happens on the way to it, and that lines
//! come back as a disk gives them: read from text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_core::{Record, RunId, Timestamp};
use flowrun_store::{
    Commit, Journal, JournalReader, MemoryStore, NewRun, RunFilter, RunSummary, Store, StoreError, StoredRun,
};
use futures::channel::oneshot;

use super::sabotage::Sabotage;

/// Bytes of the largest decision that is taken. Without a misdeed none comes near.
const LARGEST: usize = 32 << 10;

/// The disk of one run.
#[derive(Clone)]
pub(super) struct Disk {
    store: Arc<MemoryStore>,
    platter: Arc<Mutex<Platter>>,
    sabotage: Option<Sabotage>,
}

struct Platter {
    /// Whether a write is done as soon as it is asked for, when none is under way.
    is_instant: bool,
    /// Where lines are written, while the run is open.
    journal: Option<Box<dyn Journal>>,
    /// Numbers those who opened the run: only the last one writes.
    writer: u64,
    /// How many lines are written.
    lines: usize,
    /// Keeps what is written while nobody has the run open.
    reader: Option<Arc<dyn JournalReader>>,
    unwritten: VecDeque<Transaction>,
    has_failed: bool,
    epoch: u64,
}

struct Transaction {
    at: Timestamp,
    records: Vec<Record>,
    written: oneshot::Sender<Result<(), StoreError>>,
}

impl Disk {
    pub(super) fn new(is_instant: bool, sabotage: Option<Sabotage>) -> Self {
        let platter = Platter {
            is_instant,
            journal: None,
            writer: 0,
            lines: 0,
            reader: None,
            unwritten: VecDeque::new(),
            has_failed: false,
            epoch: 1,
        };
        // Room for the longest story: a ring that drops lines could not be opened again.
        let store = Arc::new(MemoryStore::with_capacity(1 << 20));
        Self { store, platter: Arc::new(Mutex::new(platter)), sabotage }
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        lock(&self.platter)
    }

    /// How many lines are written.
    pub(super) fn lines(&self) -> usize {
        self.platter().lines
    }

    /// From now on writes take their time.
    pub(super) fn slow_down(&self) {
        self.platter().is_instant = false;
    }

    /// The writer lets go of the run, and is not to write any more.
    pub(super) fn release(&self) {
        let mut platter = self.platter();
        platter.journal = None;
        platter.writer += 1;
    }

    /// How many transactions wait to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.platter().unwritten.len()
    }

    /// Writes so many of the transactions that wait, the oldest first, and says so.
    pub(super) fn write(&self, count: usize) {
        let mut platter = self.platter();
        for transaction in platter.take(count) {
            platter.put(&transaction);
            // A driver that has gone wants no answer.
            let _ = transaction.written.send(Ok(()));
        }
    }

    /// Lets the write under way fail with `kept` of its transactions on the disk, and all that follow.
    pub(super) fn fail(&self, kept: usize) {
        let mut platter = self.platter();
        platter.has_failed = true;
        let all = platter.unwritten.len();
        for (place, transaction) in platter.take(all).into_iter().enumerate() {
            if place < kept {
                platter.put(&transaction);
            }
            let _ = transaction.written.send(Err(failed()));
        }
    }

    /// The process has ended: of what waits, `kept` transactions are on the disk. It can be opened again.
    pub(super) fn crash(&self, kept: usize) {
        let mut platter = self.platter();
        for transaction in platter.take(kept) {
            platter.put(&transaction);
        }
        if self.sabotage == Some(Sabotage::TearsTransactions)
            && let Some(mut torn) = platter.unwritten.pop_front()
        {
            torn.records.truncate(torn.records.len() / 2);
            platter.put(&torn);
        }
        platter.unwritten.clear();
        platter.journal = None;
        platter.writer += 1;
        platter.has_failed = false;
        platter.epoch += 1;
        // A run of which nothing was written was never there.
        let is_empty =
            |reader: &Arc<dyn JournalReader>| reader.read(0, 1).is_ok_and(|page| page.lines.is_empty());
        if platter.reader.as_ref().is_some_and(is_empty) {
            platter.reader = None;
        }
    }

    fn hold(&self, run: RunId, journal: Box<dyn Journal>) -> Box<dyn Journal> {
        let mut platter = self.platter();
        platter.reader = Some(journal.reader());
        platter.journal = Some(journal);
        platter.writer += 1;
        let (platter, writer) = (Arc::clone(&self.platter), platter.writer);
        Box::new(DiskJournal { platter, writer, run, refused: None })
    }
}

impl Platter {
    fn take(&mut self, count: usize) -> Vec<Transaction> {
        let count = count.min(self.unwritten.len());
        self.unwritten.drain(..count).collect()
    }

    fn put(&mut self, transaction: &Transaction) {
        let Some(journal) = &mut self.journal else { return };
        let mut records: Vec<Record> = transaction.records.iter().map(read_back).collect();
        let Commit::Done(Ok(())) = journal.append(transaction.at, &mut records) else {
            unreachable!("the memory store writes at once")
        };
        journal.publish();
        self.lines += transaction.records.len();
    }
}

impl Store for Disk {
    fn id(&self) -> [u8; 16] {
        *b"the only disk..."
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn epoch(&self) -> u64 {
        self.platter().epoch
    }

    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        let id = run.spec.id;
        Ok(self.hold(id, self.store.create(run)?))
    }

    fn open(&self, run: RunId) -> Result<(StoredRun, Box<dyn Journal>), StoreError> {
        let (mut stored, journal) = self.store.open(run)?;
        if self.sabotage == Some(Sabotage::LosesNewest) && self.epoch() > 1 {
            let newest = stored.lines.last().map(|line| line.at);
            stored.lines.retain(|line| Some(line.at) != newest);
        }
        Ok((stored, self.hold(run, journal)))
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        self.store.reader(run)
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.store.runs(which)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        self.store.delete(run)
    }
}

/// The record as it is after it was written as text and read.
fn read_back(record: &Record) -> Record {
    let read = serde_json::to_vec(record).and_then(|text| serde_json::from_slice(&text));
    read.expect("what a run decides can be written and read")
}

/// Bytes of what is to be written, as far as it can be many: what executors reported.
fn size(records: &[Record]) -> usize {
    let reported = records.iter().filter(|record| matches!(record, Record::Objects { .. }));
    reported.map(|record| serde_json::to_vec(record).map_or(0, |text| text.len())).sum()
}

struct DiskJournal {
    platter: Arc<Mutex<Platter>>,
    writer: u64,
    run: RunId,
    /// A decision was too large. Nothing that follows is taken, or there would be a gap.
    refused: Option<StoreError>,
}

impl Drop for DiskJournal {
    fn drop(&mut self) {
        let mut platter = lock(&self.platter);
        if platter.writer == self.writer {
            platter.journal = None;
        }
    }
}

impl Journal for DiskJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        let mut platter = lock(&self.platter);
        if platter.has_failed || platter.writer != self.writer {
            return Commit::Done(Err(failed()));
        }
        if records.is_empty() {
            return Commit::Done(Ok(()));
        }
        if self.refused.is_none() && size(records) > LARGEST {
            let source = Arc::new(std::io::Error::other("it is too large for the disk"));
            self.refused = Some(StoreError::Unstorable { run: self.run, source });
        }
        if let Some(refused) = &self.refused {
            records.clear();
            return Commit::Done(Err(refused.clone()));
        }
        let (written, answer) = oneshot::channel();
        let transaction = Transaction { at, records: std::mem::take(records), written };
        if platter.is_instant && platter.unwritten.is_empty() {
            platter.put(&transaction);
            return Commit::Done(Ok(()));
        }
        platter.unwritten.push_back(transaction);
        // Nobody answers once the process has ended; then nobody asks either.
        Commit::Pending(Box::pin(async { answer.await.unwrap_or_else(|_| Err(failed())) }))
    }

    /// What is on the platter can be read.
    fn publish(&mut self) {}

    fn reader(&self) -> Arc<dyn JournalReader> {
        let reader = lock(&self.platter).reader.clone();
        reader.expect("a run that is written has a reader")
    }
}

fn failed() -> StoreError {
    StoreError::FailStop { source: Arc::new(std::io::Error::other("the disk has failed")) }
}

/// A lock that a panic elsewhere does not poison: the platter is whole between two writes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
