//! The thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::lock::Lock;
use super::points::Points;
use super::queue::{Append, Delete, Health, Work};
use super::space::Space;
use super::transaction::{self, Deleted, WriteError};
use crate::StoreError;
use crate::failpoint::failpoint;

/// Appends in one transaction at most. More would make the first ones wait for the last.
const GROUP: usize = 256;

/// Appends between two checkpoints. Each dirties few pages, so the log stays within some tens of MiB, and a
/// checkpoint is a small part of what was written.
const APPENDS_A_CHECKPOINT: usize = 4096;

/// Owns the connection that writes, and with it the store.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) epoch: i64,
    pub(super) health: Arc<Health>,
    pub(super) space: Option<Space>,
    pub(super) lock: Option<Lock>,
    /// Appends since the last checkpoint.
    pub(super) appended: usize,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn spawn(self, work: Receiver<Work>) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("flowrun-store".into()).spawn(move || self.run(&work))
    }

    /// Writes until nobody can hand in work any more.
    fn run(mut self, work: &Receiver<Work>) {
        self.look_at_space();
        let mut group = Vec::with_capacity(GROUP);
        let mut next = work.recv().ok();
        while let Some(first) = next.take() {
            self.look_at_space();
            match first {
                Work::Delete(delete) => self.delete(delete),
                Work::Append(append) => {
                    group.push(append);
                    next = gather(work, &mut group);
                    self.write(&mut group);
                }
            }
            next = next.or_else(|| work.recv().ok());
        }
        self.close();
    }

    /// Writes a group in one transaction, and answers all of them.
    fn write(&mut self, group: &mut Vec<Append>) {
        // What was queued before a failure was known is refused like what comes after it.
        let written = self.health.check().and_then(|()| {
            self.commit(group).map_err(|error| StoreError::FailStop { source: self.stop(error) })
        });
        self.appended += group.len();
        for append in group.drain(..) {
            let Append { claim, reply, .. } = append;
            // Before the answer: whoever gets it may open the run anew.
            drop(claim);
            // Whoever waited may have gone away.
            let _ = reply.send(written.clone());
        }
        if self.is_checkpoint_due() {
            self.checkpoint();
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        // A run of a few nodes has to be enough for a test.
        failpoint!("c14_often", |_| true);
        self.appended >= APPENDS_A_CHECKPOINT
    }

    fn commit(&mut self, group: &[Append]) -> Result<(), WriteError> {
        let points = group.iter().fold(Points::NONE, |all, append| all.and(append.points));
        points.before();
        let transaction = transaction::begin(&mut self.connection, self.epoch)?;
        for append in group {
            transaction::append(&transaction, append)?;
        }
        points.inside();
        transaction.commit()?;
        points.after();
        Ok(())
    }

    fn delete(&mut self, Delete { run, reply }: Delete) {
        let deleted = self.health.check().and_then(|()| match self.try_delete(run) {
            Ok(Deleted::Done) => Ok(()),
            Ok(Deleted::NotFound) => Err(StoreError::NotFound(run)),
            Ok(Deleted::StillOpen) => Err(StoreError::StillOpen(run)),
            Err(error) => Err(StoreError::FailStop { source: self.stop(error) }),
        });
        // As above.
        let _ = reply.send(deleted);
    }

    fn try_delete(&mut self, run: flowrun_core::RunId) -> Result<Deleted, WriteError> {
        failpoint!("c13_before");
        let transaction = transaction::begin(&mut self.connection, self.epoch)?;
        let deleted = transaction::delete(&transaction, run)?;
        failpoint!("c13");
        transaction.commit()?;
        failpoint!("c13_after");
        Ok(deleted)
    }

    /// Nothing is written after an error: what SQLite believes and what the disk holds may differ, and a second
    /// `fsync` that succeeds would not tell.
    fn stop(&mut self, error: WriteError) -> Arc<dyn std::error::Error + Send + Sync> {
        let source: Arc<dyn std::error::Error + Send + Sync> = Arc::new(error);
        self.health.fail(Arc::clone(&source));
        if let Some(space) = &mut self.space {
            // It may have been for want of space, which the next opening will need too.
            space.release();
        }
        source
    }

    /// Moves what is in the log into the file, so that the log does not grow without end.
    fn checkpoint(&mut self) {
        if self.health.check().is_err() {
            return;
        }
        failpoint!("c14");
        self.appended = 0;
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            self.stop(error.into());
        }
        failpoint!("c14_after");
    }

    fn look_at_space(&mut self) {
        if let Some(space) = &mut self.space {
            self.health.set_low(space.look());
        }
    }

    /// Leaves one file behind. After a failure everything is left as it is, for the next opening to recover.
    fn close(self) {
        let Self { connection, health, lock, .. } = self;
        if health.check().is_ok()
            && connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).is_ok()
        {
            // The log is empty: let SQLite take it away. If not, the next opening reads it.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        }
        drop(connection);
        drop(lock);
    }
}

/// Takes what is queued into the group, up to its size. What does not belong into one is given back.
fn gather(work: &Receiver<Work>, group: &mut Vec<Append>) -> Option<Work> {
    while group.len() < GROUP {
        match work.try_recv() {
            Ok(Work::Append(append)) => group.push(append),
            Ok(other) => return Some(other),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    None
}
