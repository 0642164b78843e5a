//! The journal of one run: who writes it, who reads it.

use std::sync::Arc;

use flowrun_core::{Record, Timestamp};
use futures::future::BoxFuture;

use crate::StoreError;

/// The journal of one run, in the hands of its only writer. Dropping it lets others open the run.
pub trait Journal: Send {
    /// Appends the records of one decision, in one transaction, and leaves `records` empty. They get the next
    /// sequence numbers. Without records it does nothing.
    fn append(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit;

    /// The shortcut of a store that hands appends to another thread: only where it has one, and only while it would be
    /// used. Default: none.
    fn in_place(&mut self) -> Option<&mut dyn InPlaceWriter> {
        None
    }

    /// Lets everybody see what is committed: readers, and those who list or open runs. Whoever writes many decisions
    /// before telling anybody of them calls this when it tells; until then the journal may keep them back. Dropping
    /// the journal publishes, too.
    fn publish(&mut self);

    /// A reader for watchers of the run. It outlives this writer.
    fn reader(&self) -> Arc<dyn JournalReader>;
}

/// Writes on the thread of its caller, which spares the way to another thread and back. It blocks that thread
/// meanwhile: for what the disk takes, which lately was little.
pub trait InPlaceWriter {
    /// Appends as [`Journal::append`] does, for a caller who has nothing else to do until it is written and whose thread
    /// may block. Where somebody else has begun to write since the shortcut was asked for, it is handed over as ever.
    fn append_in_place(&mut self, at: Timestamp, records: &mut Vec<Record>) -> Commit;
}

/// Reads the journal of one run.
pub trait JournalReader: Send + Sync {
    /// Up to `max` lines after the one numbered `after`; 0 stands before the first. Only what is committed, and
    /// all that is [published](Journal::publish).
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the journal cannot be read.
    fn read(&self, after: u64, max: usize) -> Result<Page, StoreError>;

    /// Whether reading may take as long as a disk does, so that it is not for a thread that others wait for.
    /// Default: it may.
    fn may_block(&self) -> bool {
        true
    }
}

/// The fate of an append.
#[must_use = "what is not committed has not happened"]
pub enum Commit {
    /// It is decided.
    Done(Result<(), StoreError>),
    /// It is on its way to the disk. The append goes on when the future is dropped; only the answer is lost.
    Pending(BoxFuture<'static, Result<(), StoreError>>),
}

impl Commit {
    /// Waits until it is decided.
    ///
    /// # Errors
    ///
    /// The [`StoreError`] that kept the records from being written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answer; the records may or may not be written.
    pub async fn done(self) -> Result<(), StoreError> {
        match self {
            Self::Done(done) => done,
            Self::Pending(pending) => pending.await,
        }
    }
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
