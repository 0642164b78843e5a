//! A store that lives as long as the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use flowrun_core::{Record, RunId, RunStatus, Timestamp};

use crate::{
    Commit, Journal, JournalLine, JournalReader, NewRun, Page, RunFilter, RunSummary, Store, StoreError,
    StoredRun,
};

/// Journals in memory: a ring of the most recent lines of each run.
///
/// Volatile: nothing survives the process. A journal is dropped with its last writer and reader, so a service
/// that runs for months does not grow; the ids of deleted runs alone stay, 16 bytes each.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    id: [u8; 16],
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
struct Runs {
    held: BTreeMap<RunId, Weak<Ring>>,
    deleted: BTreeSet<RunId>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(4096)
    }
}

impl MemoryStore {
    /// A store that keeps the last `capacity` lines of each run, at least 1. A watcher that falls further
    /// behind is told how many lines it missed.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), id: uuid::Uuid::new_v4().into_bytes(), runs: Mutex::default() }
    }
}

impl MemoryStore {
    /// The journal of a run that is held by somebody and has a line.
    fn stored(&self, run: RunId) -> Result<Arc<Ring>, StoreError> {
        let ring = lock(&self.runs).held.get(&run).and_then(Weak::upgrade);
        ring.filter(|ring| ring.last_seq() > 0).ok_or(StoreError::NotFound(run))
    }
}

impl Store for MemoryStore {
    fn id(&self) -> [u8; 16] {
        self.id
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn epoch(&self) -> u64 {
        1
    }

    fn create(&self, new: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        let run = new.spec.id;
        let mut runs = lock(&self.runs);
        let is_held = runs.held.get(&run).is_some_and(|ring| ring.strong_count() > 0);
        if is_held || runs.deleted.contains(&run) {
            return Err(StoreError::AlreadyExists(run));
        }
        // Entries of journals that are gone: looked at when there may be many, so that it costs little.
        if runs.held.len().is_power_of_two() {
            runs.held.retain(|_, ring| ring.strong_count() > 0);
        }
        let ring = Arc::new(Ring::new(self.capacity, new));
        runs.held.insert(run, Arc::downgrade(&ring));
        Ok(Box::new(MemoryJournal { ring }))
    }

    fn open(&self, run: RunId) -> Result<(StoredRun, Box<dyn Journal>), StoreError> {
        let ring = self.stored(run)?;
        let missed = ring.read(0, 0)?.missed;
        if missed > 0 {
            return Err(StoreError::Incomplete { run, missed });
        }
        if ring.has_writer.swap(true, Ordering::AcqRel) {
            return Err(StoreError::InUse(run));
        }
        let journal = MemoryJournal { ring: Arc::clone(&ring) };
        let lines = ring.read(0, usize::MAX)?.lines;
        Ok((StoredRun::new(ring.new.clone(), lines), Box::new(journal)))
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        Ok(self.stored(run)?)
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let held: Vec<_> = lock(&self.runs).held.values().filter_map(Weak::upgrade).collect();
        let mut runs: Vec<_> = held.iter().filter_map(|ring| ring.summary()).collect();
        runs.retain(|run| which.lets_through(run));
        runs.sort_by_key(|run| std::cmp::Reverse((run.created, run.id)));
        runs.truncate(which.limit);
        Ok(runs)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        let ring = self.stored(run)?;
        // Claimed as if to write, so that nobody opens it meanwhile.
        if ring.has_writer.swap(true, Ordering::AcqRel) {
            return Err(StoreError::InUse(run));
        }
        if ring.summary().is_some_and(|summary| !summary.status.is_over()) {
            ring.has_writer.store(false, Ordering::Release);
            return Err(StoreError::StillOpen(run));
        }
        let mut runs = lock(&self.runs);
        runs.held.remove(&run);
        runs.deleted.insert(run);
        Ok(())
    }
}

struct MemoryJournal {
    ring: Arc<Ring>,
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        self.ring.has_writer.store(false, Ordering::Release);
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        lock(&self.ring.lines).append(self.ring.capacity, at, records);
        // Those that were pushed out are dropped when nobody waits for it.
        records.clear();
        Commit::Done(Ok(()))
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.ring) as Arc<dyn JournalReader>
    }
}

#[derive(Debug)]
struct Ring {
    new: NewRun,
    has_writer: AtomicBool,
    capacity: usize,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    /// Grows up to the ring's capacity; from then on each line takes the place of the oldest one.
    kept: Vec<(Timestamp, Record)>,
    /// The place of the oldest line.
    oldest: usize,
    /// Lines that were pushed out; the oldest kept one has the number `dropped + 1`.
    dropped: u64,
}

impl Lines {
    /// Appends the records; what they push out takes their places.
    fn append(&mut self, capacity: usize, at: Timestamp, records: &mut Vec<Record>) {
        let room = capacity - self.kept.len();
        if room > 0 {
            let fits = room.min(records.len());
            self.kept.extend(records.drain(..fits).map(|record| (at, record)));
        }
        // Of more than there is room for, only the last ones are ever read.
        let passing = records.len().saturating_sub(capacity);
        for record in &mut records[passing..] {
            let oldest = &mut self.kept[self.oldest];
            oldest.0 = at;
            std::mem::swap(&mut oldest.1, record);
            self.oldest = if self.oldest + 1 == capacity { 0 } else { self.oldest + 1 };
        }
        self.dropped += records.len() as u64;
    }

    /// The kept lines, oldest first.
    fn iter(&self) -> impl DoubleEndedIterator<Item = &(Timestamp, Record)> {
        let (newer, older) = self.kept.split_at(self.oldest);
        older.iter().chain(newer)
    }

    /// The number of the last line.
    fn last_seq(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }
}

impl Ring {
    /// An empty journal in the hands of its writer.
    fn new(capacity: usize, new: NewRun) -> Self {
        Self { new, has_writer: AtomicBool::new(true), capacity, lines: Mutex::default() }
    }

    fn last_seq(&self) -> u64 {
        lock(&self.lines).last_seq()
    }

    /// How the run stands; `None` before its first line.
    fn summary(&self) -> Option<RunSummary> {
        let lines = lock(&self.lines);
        let updated = lines.iter().next_back()?.0;
        // Where no kept line tells it, the run was opened by one that was pushed out, and has not ended since.
        let status = lines.iter().rev().find_map(|(_, record)| record.run_status());
        Some(RunSummary::new(&self.new, updated, status.unwrap_or(RunStatus::Working), lines.last_seq()))
    }
}

impl JournalReader for Ring {
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError> {
        let lines = lock(&self.lines);
        let missed = lines.dropped.saturating_sub(after);
        let from = usize::try_from(after.saturating_sub(lines.dropped)).unwrap_or(usize::MAX);
        let page = lines.iter().enumerate().skip(from).take(max);
        let line = |(place, &(at, ref record)): (usize, &(Timestamp, Record))| JournalLine {
            seq: lines.dropped + place as u64 + 1,
            at,
            record: record.clone(),
        };
        Ok(Page { missed, lines: page.map(line).collect() })
    }
}

/// A lock that a panic elsewhere does not poison: every value behind these locks is whole between two lines.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    use flowrun_core::{RunSpec, Site};

    const RUN: RunId = RunId::from_bytes([3; 16]);

    fn new_run() -> NewRun {
        NewRun::new(RunSpec::new(RUN, Timestamp::default(), Site::new("https://a.example")), "{}")
    }

    fn append(journal: &mut dyn Journal, record: Record) {
        assert!(matches!(journal.append(Timestamp::default(), &mut vec![record]), Commit::Done(Ok(()))));
    }

    #[test]
    fn a_reader_behind_the_ring_is_told_what_it_missed() {
        let store = MemoryStore::with_capacity(2);
        let mut journal = store.create(new_run()).unwrap();
        for _ in 0..5 {
            append(&mut *journal, Record::RunStarted);
        }
        let page = journal.reader().read(1, 10).unwrap();
        assert_eq!((page.missed, page.lines.len(), page.lines[0].seq), (2, 2, 4));
        assert!(journal.reader().read(9, 10).unwrap().lines.is_empty());
    }

    #[test]
    fn a_run_has_one_journal_as_long_as_somebody_holds_it() {
        let store = MemoryStore::default();
        let journal = store.create(new_run()).unwrap();
        let reader = journal.reader();
        assert!(matches!(store.create(new_run()), Err(StoreError::AlreadyExists(RUN))));
        drop((journal, reader));
        assert!(store.create(new_run()).is_ok());
    }

    #[test]
    fn a_run_that_lost_its_beginning_cannot_be_opened() {
        let store = MemoryStore::with_capacity(2);
        let mut journal = store.create(new_run()).unwrap();
        for _ in 0..3 {
            append(&mut *journal, Record::CancelRequested);
        }
        let _held = journal.reader();
        drop(journal);
        assert!(matches!(store.open(RUN), Err(StoreError::Incomplete { missed: 1, .. })));
        assert_eq!(store.runs(&RunFilter::default()).unwrap()[0].status, RunStatus::Working);
    }
}
