//! What writes: one connection, one transaction at a time, and nothing after a failure.

use std::sync::Arc;

use flowrun_core::RunId;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::host::{Host, HostAnswer, HostWork, RunChange};
use super::lock::Lock;
use super::points::Points;
use super::queue::{Append, Health};
use super::space::Space;
use super::transaction::{self, Deleted, WriteError};
use crate::StoreError;
use crate::failpoint::failpoint;

/// Appends between two checkpoints. Each dirties few pages, so the log stays within some tens of MiB, and a
/// checkpoint is a small part of what was written.
const APPENDS_A_CHECKPOINT: usize = 4096;

/// Commits between two checkpoints. Small commits soon write over the log from its beginning again: one that
/// makes the file grow costs the disk about twice as much.
const COMMITS_A_CHECKPOINT: usize = 256;

/// The appends of a group that were refused, by their places.
pub(super) type Refused = Vec<(usize, StoreError)>;

/// Owns the connection that writes, and with it the store.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) epoch: i64,
    pub(super) health: Arc<Health>,
    pub(super) space: Option<Space>,
    pub(super) lock: Option<Lock>,
    pub(super) host: Option<Host>,
    /// Appends since the last checkpoint.
    pub(super) appended: usize,
    /// Commits since the last checkpoint.
    pub(super) commits: usize,
}

impl Writer {
    /// Writes these appends in one transaction, but for those that the host refuses, or SQLite.
    pub(super) fn write<'a>(
        &mut self,
        appends: impl ExactSizeIterator<Item = &'a Append> + Clone,
    ) -> Result<Refused, StoreError> {
        self.look_at_space();
        // What was queued before a failure was known is refused like what comes after it.
        self.health.check()?;
        self.appended += appends.len();
        self.commits += 1;
        loop {
            match self.commit(appends.clone()) {
                Ok(refused) => return Ok(refused),
                // The transaction is rolled back, and the others are written without that one. Each time one more
                // journal is refused, so this comes to an end.
                Err((Some(append), error)) if error.is_about_what_was_written() => {
                    append.journal.refuse(Arc::new(error));
                }
                Err((_, error)) => return Err(StoreError::FailStop { source: self.stop(error) }),
            }
        }
    }

    pub(super) fn is_checkpoint_due(&self) -> bool {
        // A run of a few nodes has to be enough for a test.
        failpoint!("c14_often", |_| true);
        self.appended >= APPENDS_A_CHECKPOINT || self.commits >= COMMITS_A_CHECKPOINT
    }

    /// The append comes with an error that writing it led to.
    fn commit<'a>(
        &mut self,
        appends: impl Iterator<Item = &'a Append> + Clone,
    ) -> Result<Refused, (Option<&'a Append>, WriteError)> {
        let of_all = |error: WriteError| (None, error);
        let mut refused = Refused::new();
        let points = appends.clone().fold(Points::NONE, |all, append| all.and(append.points));
        points.before();
        let transaction = transaction::begin(&mut self.connection, self.epoch).map_err(of_all)?;
        for (place, append) in appends.enumerate() {
            if let Some(refusal) = append.journal.told.get() {
                refused.push((place, refusal.clone()));
                continue;
            }
            let written = match &self.host {
                Some(host) if host.concerns(append) => host.append(&transaction, append),
                Some(_) | None => transaction::append(&transaction, append).map(Ok),
            };
            let written = written.map_err(|error| (Some(append), error))?;
            refused.extend(written.err().map(|refusal| (place, refusal)));
        }
        points.inside();
        transaction.commit().map_err(|error| of_all(error.into()))?;
        points.after();
        Ok(refused)
    }

    /// Does what a host wants of its tables, in one transaction. Where that is not committed, nobody gets an answer.
    pub(super) fn write_host_tables(&mut self, works: impl Iterator<Item = HostWork>) -> Vec<HostAnswer> {
        self.look_at_space();
        let Some(host) = self.host.as_ref().filter(|_| self.health.check().is_ok()) else {
            return Vec::new();
        };
        self.commits += 1;
        let done = transaction::begin(&mut self.connection, self.epoch).and_then(|transaction| {
            let answers = host.work(&transaction, works)?;
            transaction.commit()?;
            Ok(answers)
        });
        done.unwrap_or_else(|error| {
            self.stop(error);
            Vec::new()
        })
    }

    /// Deletes a run.
    pub(super) fn delete(&mut self, run: RunId) -> Result<(), StoreError> {
        self.look_at_space();
        self.health.check()?;
        self.commits += 1;
        match self.try_delete(run) {
            Ok(Ok(Deleted::Done)) => Ok(()),
            Ok(Ok(Deleted::NotFound)) => Err(StoreError::NotFound(run)),
            Ok(Ok(Deleted::StillOpen)) => Err(StoreError::StillOpen(run)),
            Ok(Err(refused)) => Err(refused),
            Err(error) => Err(StoreError::FailStop { source: self.stop(error) }),
        }
    }

    fn try_delete(&mut self, run: RunId) -> Result<Result<Deleted, StoreError>, WriteError> {
        failpoint!("c13_before");
        let transaction = transaction::begin(&mut self.connection, self.epoch)?;
        let deleted = transaction::delete(&transaction, run)?;
        if let (Some(host), Deleted::Done) = (&self.host, deleted)
            && let Err(refused) = host.change(&transaction, &RunChange::Deleted { run })
        {
            return Ok(Err(refused));
        }
        failpoint!("c13");
        transaction.commit()?;
        failpoint!("c13_after");
        Ok(Ok(deleted))
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
    pub(super) fn checkpoint(&mut self) {
        if self.health.check().is_err() {
            return;
        }
        failpoint!("c14");
        (self.appended, self.commits) = (0, 0);
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            self.stop(error.into());
        }
        failpoint!("c14_after");
    }

    /// Sees whether runs can be begun.
    pub(super) fn look_at_space(&mut self) {
        if let Some(space) = &mut self.space {
            self.health.set_low(space.look());
        }
    }

    /// Leaves one file behind. After a failure everything is left as it is, for the next opening to recover.
    pub(super) fn close(self) {
        let Self { connection, health, lock, .. } = self;
        if health.check().is_ok()
            && connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).is_ok()
        {
            // The log is empty: let SQLite take it away. If not, the next opening reads it.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        }
        drop(connection);
        // Who only looked at what a dead owner left behind leaves the sign of its death for whoever takes it up.
        if let Some(lock) = lock
            && (lock.was_closed() || health.has_taken_over())
        {
            lock.close();
        }
    }
}
