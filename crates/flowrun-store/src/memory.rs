//! A store that lives as long as the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use flowrun_core::{Record, RunId, Timestamp};

use crate::{Commit, Journal, JournalLine, JournalReader, Page, Store, StoreError};

/// Journals in memory: a ring of the most recent lines of each run.
///
/// Volatile: nothing survives the process. A journal is dropped with its last writer and reader, so a service
/// that runs for months does not grow.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    id: [u8; 16],
    runs: Mutex<BTreeMap<RunId, Weak<Ring>>>,
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

impl Store for MemoryStore {
    fn create(&self, run: RunId) -> Result<Box<dyn Journal>, StoreError> {
        let mut runs = lock(&self.runs);
        if runs.get(&run).is_some_and(|ring| ring.strong_count() > 0) {
            return Err(StoreError::AlreadyExists(run));
        }
        // Entries of journals that are gone: looked at when there may be many, so that it costs little.
        if runs.len().is_power_of_two() {
            runs.retain(|_, ring| ring.strong_count() > 0);
        }
        let ring = Arc::new(Ring { capacity: self.capacity, lines: Mutex::default() });
        runs.insert(run, Arc::downgrade(&ring));
        Ok(Box::new(MemoryJournal { ring }))
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn id(&self) -> [u8; 16] {
        self.id
    }
}

struct MemoryJournal {
    ring: Arc<Ring>,
}

impl Journal for MemoryJournal {
    fn append(&mut self, at: Timestamp, records: &[Record]) -> Commit {
        let mut lines = lock(&self.ring.lines);
        for record in records {
            if lines.kept.len() == self.ring.capacity {
                lines.kept.pop_front();
                lines.dropped += 1;
            }
            lines.kept.push_back((at, record.clone()));
        }
        Commit::Done(Ok(()))
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.ring) as Arc<dyn JournalReader>
    }
}

#[derive(Debug)]
struct Ring {
    capacity: usize,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<(Timestamp, Record)>,
    /// Lines that were pushed out; the first kept one has the number `dropped + 1`.
    dropped: u64,
}

impl JournalReader for Ring {
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError> {
        let lines = lock(&self.lines);
        let missed = lines.dropped.saturating_sub(after);
        let from = usize::try_from(after.saturating_sub(lines.dropped)).unwrap_or(usize::MAX);
        let page = lines.kept.iter().enumerate().skip(from).take(max);
        let line = |(place, (at, record)): (usize, &(Timestamp, Record))| JournalLine {
            seq: lines.dropped + place as u64 + 1,
            at: *at,
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

    const RUN: RunId = RunId::from_bytes([3; 16]);

    #[test]
    fn a_reader_behind_the_ring_is_told_what_it_missed() {
        let store = MemoryStore::with_capacity(2);
        let mut journal = store.create(RUN).unwrap();
        for _ in 0..5 {
            let commit = journal.append(Timestamp::default(), &[Record::RunStarted]);
            assert!(matches!(commit, Commit::Done(Ok(()))));
        }
        let page = journal.reader().read(1, 10).unwrap();
        assert_eq!((page.missed, page.lines.len(), page.lines[0].seq), (2, 2, 4));
        assert!(journal.reader().read(9, 10).unwrap().lines.is_empty());
    }

    #[test]
    fn a_run_has_one_journal_as_long_as_somebody_holds_it() {
        let store = MemoryStore::default();
        let journal = store.create(RUN).unwrap();
        let reader = journal.reader();
        assert!(matches!(store.create(RUN), Err(StoreError::AlreadyExists(RUN))));
        drop((journal, reader));
        assert!(store.create(RUN).is_ok());
    }
}
