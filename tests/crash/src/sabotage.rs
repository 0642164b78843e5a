//! A store that breaks a promise, so that tests of the promise can be seen to fail.
//!
//! Which one, `FLOWRUN_SABOTAGE` says; without it the store is as it is.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use flowrun::{
    Commit, Journal, JournalReader, NewRun, Record, RunFilter, RunId, RunSummary, Store, StoreError,
    StoredRun, Timestamp,
};

/// How long a decision is said to be written before it is.
const LATE: Duration = Duration::from_millis(300);

/// Which promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    None,
    /// Decisions count as written before they are, so executors are called without a trace.
    IntentBeforeEffect,
    /// The first decision counts as written before it is, so a start is acknowledged that may be lost.
    AckAfterCommit,
    /// Keys change with every process, and with it with every attempt after a crash.
    OneKey,
    /// Recovery forgets the nodes that are done.
    DoneIsDone,
}

/// A store with, perhaps, a broken promise.
pub(crate) struct Sabotaged<S> {
    store: S,
    broken: Broken,
}

impl<S> Sabotaged<S> {
    /// The store as the environment asks for it.
    pub(crate) fn of(store: S) -> Self {
        let broken = match std::env::var("FLOWRUN_SABOTAGE").as_deref() {
            Err(_) => Broken::None,
            Ok("intent") => Broken::IntentBeforeEffect,
            Ok("ack") => Broken::AckAfterCommit,
            Ok("key") => Broken::OneKey,
            Ok("done") => Broken::DoneIsDone,
            Ok(other) => panic!("there is no sabotage `{other}`"),
        };
        Self { store, broken }
    }

    fn journal(&self, journal: Box<dyn Journal>) -> Box<dyn Journal> {
        match self.broken {
            Broken::None | Broken::OneKey | Broken::DoneIsDone => journal,
            Broken::IntentBeforeEffect => Box::new(Late::new(journal, u32::MAX)),
            Broken::AckAfterCommit => Box::new(Late::new(journal, 1)),
        }
    }
}

impl<S: Store> Store for Sabotaged<S> {
    fn id(&self) -> [u8; 16] {
        match self.broken {
            Broken::OneKey => u128::from(std::process::id()).to_be_bytes(),
            _ => self.store.id(),
        }
    }

    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }

    fn epoch(&self) -> u64 {
        self.store.epoch()
    }

    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        Ok(self.journal(self.store.create(run)?))
    }

    fn open(&self, run: RunId) -> Result<(StoredRun, Box<dyn Journal>), StoreError> {
        let (mut stored, journal) = self.store.open(run)?;
        if self.broken == Broken::DoneIsDone {
            let done = |record: &Record| matches!(record, Record::NodeEnded { .. });
            let first = stored.lines.iter().position(|line| done(&line.record));
            stored.lines.truncate(first.unwrap_or(stored.lines.len()));
        }
        Ok((stored, self.journal(journal)))
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

/// A journal that answers before it writes.
struct Late {
    appends: mpsc::Sender<(Timestamp, Vec<Record>)>,
    reader: Arc<dyn JournalReader>,
}

impl Late {
    /// The first `count` appends are late; the others wait behind them.
    fn new(mut journal: Box<dyn Journal>, count: u32) -> Self {
        let reader = journal.reader();
        let (appends, late) = mpsc::channel::<(Timestamp, Vec<Record>)>();
        thread::spawn(move || {
            let mut left = count;
            for (at, mut records) in late {
                if left > 0 {
                    left -= 1;
                    thread::sleep(LATE);
                }
                let commit = journal.append(at, &mut records).done();
                if futures::executor::block_on(commit).is_err() {
                    return;
                }
                journal.publish();
            }
        });
        Self { appends, reader }
    }
}

impl Journal for Late {
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit {
        // That the thread is gone is found out by nobody: this is sabotage.
        let _ = self.appends.send((at, std::mem::take(records)));
        Commit::Done(Ok(()))
    }

    /// Its thread does that.
    fn publish(&mut self) {}

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.reader)
    }
}
