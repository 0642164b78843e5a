//! Where the journals of runs live.
//!
//! A [`Store`] opens one [`Journal`] a run; the run's driver is its only writer. Whoever watches a run reads
//! its lines through a [`JournalReader`]. This crate knows nothing of executors or of time passing.
//!
//! [`MemoryStore`] is for tests and short-lived runs: it is volatile, and keeps the most recent lines only.
//!
//! ```
//! use flowrun_core::{Record, RunId, Timestamp};
//! use flowrun_store::{Commit, MemoryStore, Store};
//!
//! let store = MemoryStore::default();
//! let mut journal = store.create(RunId::from_bytes([1; 16]))?;
//! let Commit::Done(Ok(())) = journal.append(Timestamp::default(), &[Record::RunStarted]) else {
//!     panic!("the memory store commits at once")
//! };
//! let page = journal.reader().read(0, 10)?;
//! assert_eq!(page.lines[0].seq, 1);
//! # Ok::<(), flowrun_store::StoreError>(())
//! ```
#![forbid(unsafe_code)]

mod memory;

use std::sync::Arc;

use flowrun_core::{Record, RunId, Timestamp};
use futures::future::BoxFuture;
pub use memory::MemoryStore;

/// A place for journals.
pub trait Store: Send + Sync + 'static {
    /// Opens the journal of a new run.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] when there is a journal for this run.
    fn create(&self, run: RunId) -> Result<Box<dyn Journal>, StoreError>;

    /// Whether what is committed here is lost when the process ends.
    fn is_volatile(&self) -> bool;

    /// Bytes that no other store has: they make the idempotency keys of this store's runs unguessable.
    fn id(&self) -> [u8; 16];
}

/// The journal of one run, in the hands of its only writer.
pub trait Journal: Send {
    /// Appends the records of one decision, in one transaction. They get the next sequence numbers.
    fn append(&mut self, at: Timestamp, records: &[Record]) -> Commit;

    /// A reader for watchers of the run. It outlives this writer.
    fn reader(&self) -> Arc<dyn JournalReader>;
}

/// Reads the journal of one run.
pub trait JournalReader: Send + Sync {
    /// Up to `max` lines after the one numbered `after`; 0 stands before the first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the journal cannot be read.
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError>;
}

/// The fate of an append.
pub enum Commit {
    /// It is decided.
    Done(Result<(), StoreError>),
    /// It is on its way to the disk.
    Pending(BoxFuture<'static, Result<(), StoreError>>),
}

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done(Ok(())) => "Done",
            Self::Done(Err(_)) => "Failed",
            Self::Pending(_) => "Pending",
        })
    }
}

/// One line of a journal.
#[derive(Clone, Debug)]
pub struct JournalLine {
    /// Its number in the journal, from 1, without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub record: Record,
}

/// Some lines of a journal, in order.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// How many of the lines asked for are no longer kept.
    pub missed: u64,
    /// The lines.
    pub lines: Vec<JournalLine>,
}

/// A store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The run has a journal already.
    #[error("there is a journal for run `{0}` already")]
    AlreadyExists(RunId),
    /// Reading or writing failed.
    #[error("could not {action} the journal of run `{run}`")]
    Failed {
        /// The run.
        run: RunId,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
