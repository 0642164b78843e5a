//! A store that lives as long as the process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use flowrun_core::{Record, RunId, RunStatus, TaskTypes, Timestamp};

use crate::recent::{Lines, Recent};
use crate::{
    Commit, Journal, JournalLine, JournalReader, Maintenance, NewRun, Page, RunFilter, RunSummary, Store,
    StoreError, StoreStats, StoredRun, Verified,
};

/// Journals in memory: the most recent lines of each run.
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
    held: BTreeMap<RunId, Weak<Journaled>>,
    deleted: BTreeSet<RunId>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(4096)
    }
}

impl MemoryStore {
    /// A store that keeps the last `capacity` lines of each run, at least 1. A watcher that falls further
    /// behind is told how many lines it missed. A run takes memory for up to three times as many lines.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), id: uuid::Uuid::new_v4().into_bytes(), runs: Mutex::default() }
    }
}

impl MemoryStore {
    /// The journals that are held by somebody.
    fn held(&self) -> Vec<Arc<Journaled>> {
        lock(&self.runs).held.values().filter_map(Weak::upgrade).collect()
    }

    /// The journal of a run that is held by somebody and has a line.
    fn stored(&self, run: RunId) -> Result<Arc<Journaled>, StoreError> {
        let journaled = lock(&self.runs).held.get(&run).and_then(Weak::upgrade);
        journaled.filter(|journaled| journaled.last_seq() > 0).ok_or(StoreError::NotFound(run))
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

    /// Whoever had a run before did so in this process, which goes on.
    fn was_closed(&self) -> bool {
        true
    }

    fn create(&self, new: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        let run = new.spec.id;
        let mut runs = lock(&self.runs);
        let is_held = runs.held.get(&run).is_some_and(|journaled| journaled.strong_count() > 0);
        if is_held || runs.deleted.contains(&run) {
            return Err(StoreError::AlreadyExists(run));
        }
        // Entries of journals that are gone: looked at when there may be many, so that it costs little.
        if runs.held.len().is_power_of_two() {
            runs.held.retain(|_, journaled| journaled.strong_count() > 0);
        }
        let journaled = Arc::new(Journaled::new(self.capacity, new));
        runs.held.insert(run, Arc::downgrade(&journaled));
        Ok(Box::new(MemoryJournal::new(journaled)))
    }

    fn open(&self, run: RunId) -> Result<(StoredRun, Box<dyn Journal>), StoreError> {
        let journaled = self.stored(run)?;
        if journaled.has_writer.swap(true, Ordering::AcqRel) {
            return Err(StoreError::InUse(run));
        }
        // From here on nobody else writes, and dropping the journal lets others open the run.
        let journal = MemoryJournal::new(Arc::clone(&journaled));
        let Page { missed, lines } = journaled.read(0, usize::MAX)?;
        if missed > 0 {
            return Err(StoreError::Incomplete { run, missed });
        }
        Ok((StoredRun::new(journaled.new.clone(), lines), Box::new(journal)))
    }

    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        Ok(self.stored(run)?)
    }

    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let held = self.held();
        let mut runs: Vec<_> = held.iter().filter_map(|journaled| journaled.summary()).collect();
        runs.retain(|run| which.lets_through(run));
        runs.sort_by_key(|run| std::cmp::Reverse((run.created, run.id)));
        runs.truncate(which.limit);
        Ok(runs)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }

    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        let journaled = self.stored(run)?;
        // Claimed as if to write, so that nobody opens it meanwhile.
        if journaled.has_writer.swap(true, Ordering::AcqRel) {
            return Err(StoreError::InUse(run));
        }
        if journaled.summary().is_some_and(|summary| !summary.status.is_over()) {
            journaled.has_writer.store(false, Ordering::Release);
            return Err(StoreError::StillOpen(run));
        }
        let mut runs = lock(&self.runs);
        runs.held.remove(&run);
        runs.deleted.insert(run);
        Ok(())
    }
}

impl Maintenance for MemoryStore {
    fn backup(&self, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Unsupported("be backed up"))
    }

    /// There is no file, and so nothing of it.
    fn stats(&self) -> Result<StoreStats, StoreError> {
        let summaries = self.runs(&RunFilter::default())?;
        let flows =
            self.held().iter().map(|journaled| Arc::clone(&journaled.new.flow)).collect::<BTreeSet<_>>();
        Ok(StoreStats {
            runs: summaries.len() as u64,
            open: summaries.iter().filter(|run| !run.status.is_over()).count() as u64,
            lines: summaries.iter().map(|run| run.seq).sum(),
            flows: flows.len() as u64,
            deleted: lock(&self.runs).deleted.len() as u64,
            epoch: self.epoch(),
            ..StoreStats::default()
        })
    }

    fn verify(&self, types: &TaskTypes) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        for journaled in self.held().into_iter().filter(|journaled| journaled.last_seq() > 0) {
            let Page { missed, lines } = journaled.read(0, usize::MAX)?;
            let run = journaled.new.spec.id;
            verified.runs += 1;
            verified.lines += lines.len() as u64;
            if missed > 0 {
                verified.not_replayed.push(StoreError::Incomplete { run, missed }.to_string());
                continue;
            }
            match StoredRun::new(journaled.new.clone(), lines).replay(types) {
                Ok(_) => {}
                Err(why) if why.is_about_task_types() => {
                    verified.not_replayed.push(format!("run `{run}`: {why}"));
                }
                Err(why) => verified.problem(format!("run `{run}`: {}", why.problem())),
            }
        }
        Ok(verified)
    }
}

/// The writer keeps lines to itself until somebody is to be told of them: a lock for each decision would cost more
/// than the lines.
struct MemoryJournal {
    journaled: Arc<Journaled>,
    fresh: Lines,
    /// How many lines before the fresh ones passed without room for them.
    passed: u64,
}

impl MemoryJournal {
    fn new(journaled: Arc<Journaled>) -> Self {
        Self { journaled, fresh: Lines::default(), passed: 0 }
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        self.publish();
        self.journaled.has_writer.store(false, Ordering::Release);
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        // Of more than there is room for, only the last ones are ever read.
        let passing = records.len().saturating_sub(self.journaled.capacity);
        if passing > 0 {
            self.publish();
            records.drain(..passing);
            self.passed = passing as u64;
        }
        self.fresh.push(at, records);
        if self.fresh.len() >= Recent::chunk(self.journaled.capacity) {
            self.publish();
        }
        Commit::Done(Ok(()))
    }

    fn publish(&mut self) {
        if self.fresh.len() == 0 {
            return;
        }
        lock(&self.journaled.recent).take_in(self.passed, &mut self.fresh);
        self.passed = 0;
        // What was pushed out is dropped when nobody waits for it.
        self.fresh.clear();
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.journaled) as Arc<dyn JournalReader>
    }
}

#[derive(Debug)]
struct Journaled {
    new: NewRun,
    has_writer: AtomicBool,
    capacity: usize,
    recent: Mutex<Recent>,
}

impl Journaled {
    /// An empty journal in the hands of its writer.
    fn new(capacity: usize, new: NewRun) -> Self {
        Self { new, has_writer: AtomicBool::new(true), capacity, recent: Mutex::new(Recent::new(capacity)) }
    }

    fn last_seq(&self) -> u64 {
        lock(&self.recent).last_seq()
    }

    /// How the run stands; `None` before its first line.
    fn summary(&self) -> Option<RunSummary> {
        let recent = lock(&self.recent);
        let updated = recent.updated()?;
        // Where no line tells it, the run was opened by one that was pushed out, and has not ended since.
        let status = recent.backwards().find_map(Record::run_status).unwrap_or(RunStatus::Working);
        Some(RunSummary::new(&self.new, updated, status, recent.last_seq()))
    }
}

impl JournalReader for Journaled {
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError> {
        let recent = lock(&self.recent);
        let missed = recent.dropped().saturating_sub(after);
        let line =
            |(seq, at, record): (u64, Timestamp, &Record)| JournalLine { seq, at, record: record.clone() };
        Ok(Page { missed, lines: recent.after(after).take(max).map(line).collect() })
    }

    fn may_block(&self) -> bool {
        false
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
        append_all(journal, Timestamp::default(), &mut vec![record]);
        journal.publish();
    }

    fn append_all(journal: &mut dyn Journal, at: Timestamp, records: &mut Vec<Record>) {
        assert!(matches!(journal.append(at, records), Commit::Done(Ok(()))));
        assert!(records.is_empty());
    }

    /// However lines come, by ones or by thousands, and whenever they are published, what can be read is the last
    /// `capacity` of those that are.
    #[test]
    fn the_last_lines_are_read_whatever_they_came_in() {
        let sizes = [1, 2, 300, 0, 7, 90, 90, 90, 1_000, 1, 1, 255, 256, 257, 3];
        for capacity in [1, 2, 100, 256, 500, 10_000] {
            let mut journal = MemoryStore::with_capacity(capacity).create(new_run()).unwrap();
            let (reader, mut written) = (journal.reader(), Vec::new());
            for (decision, size) in sizes.into_iter().enumerate() {
                let at = Timestamp::from_micros(decision as i64);
                let lines = written.len()..written.len() + size;
                let node = |line| Record::NodeSkipped { node: flowrun_core::NodeIx::new(line) };
                append_all(&mut *journal, at, &mut lines.clone().map(node).collect());
                written.extend(lines.map(|line| (line as u64 + 1, at, format!("{:?}", node(line)))));
                if decision % 3 == 0 {
                    continue;
                }
                journal.publish();
                let dropped = written.len().saturating_sub(capacity);
                let middle = usize::midpoint(dropped, written.len());
                for after in
                    [0, 1, dropped, dropped + 1, middle, written.len(), written.len() + 1, usize::MAX]
                {
                    let page = reader.read(after as u64, 40).unwrap();
                    let read =
                        page.lines.iter().map(|line| (line.seq, line.at, format!("{:?}", line.record)));
                    let from = after.clamp(dropped, written.len());
                    let expected = &written[from..written.len().min(from + 40)];
                    assert_eq!(read.collect::<Vec<_>>(), expected, "{after} of {decision} in {capacity}");
                    assert_eq!(page.missed, dropped.saturating_sub(after) as u64);
                }
            }
        }
    }

    #[test]
    fn a_reader_that_falls_behind_is_told_what_it_missed() {
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
