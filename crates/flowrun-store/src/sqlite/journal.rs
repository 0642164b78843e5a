//! The journal of a run in an SQLite store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun_core::{Record, RunId, Timestamp};
use futures::FutureExt;
use futures::channel::oneshot;

use super::format::{Description, State, rows};
use super::points::Points;
use super::queue::{Append, Queued, Refusal, Work};
use super::reader::SqliteReader;
use super::store::Shared;
use super::transaction::WriteError;
use crate::{Commit, InPlaceWriter, Journal, JournalReader, NewRun, StoreError};

/// The runs that have a writer.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<BTreeSet<RunId>>);

impl Claims {
    /// Claims a run; `None` when somebody has it.
    pub(super) fn claim(self: &Arc<Self>, run: RunId) -> Option<Arc<Claim>> {
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
        is_free.then(|| Arc::new(Claim { claims: Arc::clone(self), run }))
    }
}

/// The right to write one run. It is given back when the journal and its last append are gone.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Arc<Claims>,
    run: RunId,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.run);
    }
}

/// Writes one run.
pub(super) struct SqliteJournal {
    pub(super) shared: Arc<Shared>,
    pub(super) run: RunId,
    /// Its number in this store.
    pub(super) number: i64,
    /// What it is made of, until that is stored with the first decision.
    pub(super) new: Option<Box<(Description, NewRun)>>,
    /// The first link of its chain.
    pub(super) origin: super::format::Chain,
    /// How it stands once everything appended is written.
    pub(super) state: State,
    pub(super) claim: Arc<Claim>,
    pub(super) refusal: Arc<Refusal>,
}

impl SqliteJournal {
    /// Makes a decision ready to be written, and lets `write` see to that.
    fn add(
        &mut self,
        at: Timestamp,
        records: &mut Vec<Record>,
        write: impl FnOnce(&Self, Append) -> Commit,
    ) -> Commit {
        let records = std::mem::take(records);
        if records.is_empty() {
            return Commit::Done(Ok(()));
        }
        if let Some(refusal) = self.refusal.told.get() {
            return Commit::Done(Err(refusal.clone()));
        }
        let (before, run) = (self.state, self.run);
        let mut after = before;
        let rows = match rows(&mut after, at, &records) {
            Ok(rows) => rows,
            Err(source) => {
                let source = Arc::new(source);
                return Commit::Done(Err(StoreError::Failed { run, action: "encode", source }));
            }
        };
        // Before it is queued, so that the others do not even have to wait for it to be tried.
        let bytes = rows.iter().map(|row| row.records.len()).sum();
        let most = self.shared.options.largest;
        if bytes > most {
            return Commit::Done(Err(self.refusal.refuse(Arc::new(WriteError::TooLarge { bytes, most }))));
        }
        self.state = after;
        let is_new = self.new.is_some();
        let append = Append {
            number: self.number,
            new: self.new.take(),
            rows,
            before,
            after: self.state,
            points: Points::of(is_new, &records),
            journal: Arc::clone(&self.refusal),
        };
        write(self, append)
    }

    /// Leaves a decision to the writer thread.
    fn hand_over(&self, append: Append) -> Commit {
        let (reply, answer) = oneshot::channel();
        let queued = Queued { append, claim: Arc::clone(&self.claim), reply };
        if let Err(error) = self.shared.queue.send(Work::Append(queued)) {
            return Commit::Done(Err(error));
        }
        let health = Arc::clone(&self.shared.health);
        // A writer that went away without an answer may or may not have written: that is a failure.
        Commit::Pending(answer.map(move |answer| answer.unwrap_or_else(|_| Err(health.gone()))).boxed())
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        self.add(at, records, Self::hand_over)
    }

    fn in_place(&mut self) -> Option<&mut dyn InPlaceWriter> {
        if self.shared.queue.desk.is_free_for(self.number) { Some(self) } else { None }
    }

    /// Readers see whatever is committed.
    fn publish(&mut self) {}

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::new(SqliteReader {
            pool: Arc::clone(&self.shared.pool),
            run: self.run,
            number: self.number,
            origin: self.origin,
        })
    }
}

impl InPlaceWriter for SqliteJournal {
    fn append_in_place(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        self.add(at, records, |journal, append| match journal.shared.queue.desk.write_here(&append) {
            Some(written) => Commit::Done(written),
            None => journal.hand_over(append),
        })
    }
}
