//! Looking after a store: backups, old runs, figures.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use flowrun_core::{RunId, TaskTypes, Timestamp};
use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::file::{self, WRITE, beside, private};
use super::{OpenError, SqliteStore};
use crate::{Maintenance, Store, StoreError, StoreStats, Verified};

impl SqliteStore {
    /// Copies the store to a new file at `path`, as it is at this moment, while runs go on. The copy has the
    /// same id: it stands in for this store, not beside it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] about `path`; there is no file then. A file that is there already is not touched.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), OpenError> {
        let path = file::canonical(path.as_ref())?;
        let failed = |action| {
            let path = &path;
            move |source| OpenError::io(path, action, source)
        };
        // Taken first, so that two backups cannot share a name.
        private().write(true).create_new(true).open(&path).map_err(failed("create"))?;
        let draft = beside(&path, "-new");
        let copied = self
            .copy(&draft)
            .map_err(|error| OpenError::of(&path, error))
            .and_then(|()| File::open(&draft).and_then(|file| file.sync_all()).map_err(failed("sync")))
            .and_then(|()| fs::rename(&draft, &path).map_err(failed("create")));
        if copied.is_err() {
            // Both were made here and hold nothing whole.
            let _ = (fs::remove_file(&draft), fs::remove_file(&path));
        }
        copied.and_then(|()| file::sync_folder(&path).map_err(failed("sync the folder of")))
    }

    /// The closed runs with their last change, the newest first.
    pub(super) fn closed(&self) -> Result<Vec<(RunId, Timestamp)>, StoreError> {
        let closed = self.shared.pool.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT id, updated FROM state JOIN run ON number = run
                WHERE status <> 'working' ORDER BY updated DESC, number DESC",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((RunId::from_bytes(row.get(0)?), Timestamp::from_micros(row.get(1)?)))
            })?;
            rows.collect()
        });
        closed.map_err(|error| unreadable("list the closed runs", error))
    }

    fn copy(&self, draft: &Path) -> rusqlite::Result<()> {
        let made = private().write(true).create(true).truncate(true).open(draft);
        made.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let mut target = Connection::open_with_flags(draft, WRITE)?;
        self.shared.pool.read(|source| Backup::new(source, &mut target)?.step(-1).map(drop))?;
        // Of the log that a store keeps, a copy has none.
        target.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        target.close().map_err(|(_, error)| error)
    }

    /// Figures of the store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`].
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let read = self.shared.pool.read(|connection| {
            let number =
                |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
            let page = number("PRAGMA page_size")?;
            Ok(StoreStats {
                runs: number("SELECT count(*) FROM run")?,
                open: number("SELECT count(*) FROM state WHERE status = 'working'")?,
                lines: number("SELECT ifnull(sum(seq), 0) FROM state")?,
                flows: number("SELECT count(*) FROM flow")?,
                deleted: number("SELECT count(*) FROM deleted")?,
                bytes: page * number("PRAGMA page_count")?,
                free_bytes: page * number("PRAGMA freelist_count")?,
                epoch: self.epoch(),
            })
        });
        read.map_err(|error| unreadable("read the store", error))
    }
}

impl Maintenance for SqliteStore {
    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        Self::backup(self, path).map_err(|error| StoreError::NotBackedUp { source: Arc::new(error) })
    }

    fn stats(&self) -> Result<StoreStats, StoreError> {
        Self::stats(self)
    }

    fn verify(&self, types: &TaskTypes) -> Result<Verified, StoreError> {
        self.verify_replaying(types)
    }
}

fn unreadable(action: &'static str, error: rusqlite::Error) -> StoreError {
    StoreError::Unreadable { action, source: Arc::new(error) }
}
