//! Looking after a store: backups, old runs, figures.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{RunId, Timestamp};
use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::file::{self, WRITE, beside, private};
use super::{OpenError, SqliteStore};
use crate::{Store, StoreError};

/// Which closed runs to keep. The default keeps all of them; open runs are always kept.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Retention {
    /// Runs whose last line is older than this go. Default: never.
    pub age: Option<Duration>,
    /// Of the closed runs, so many stay at most: those that ended last. Default: no limit.
    pub count: Option<usize>,
}

impl Retention {
    /// Sets the greatest age.
    #[must_use]
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// Sets the greatest number.
    #[must_use]
    pub const fn count(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Whether a closed run stays that was changed at `updated`, and after which `newer` others were.
    fn keeps(&self, updated: i64, newer: usize, now: Timestamp) -> bool {
        let is_young = self.age.is_none_or(|age| Timestamp::from_micros(updated).after(age) >= now);
        is_young && self.count.is_none_or(|count| newer < count)
    }
}

/// Figures of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Stored runs.
    pub runs: u64,
    /// Those of them that are not closed.
    pub open: u64,
    /// Lines of all journals.
    pub lines: u64,
    /// Different flows.
    pub flows: u64,
    /// Runs that were deleted; their ids stay taken.
    pub deleted: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How much of that waits to be used again.
    pub free_bytes: u64,
    /// How often the store was opened.
    pub epoch: u64,
}

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

    fn copy(&self, draft: &Path) -> rusqlite::Result<()> {
        let made = private().write(true).create(true).truncate(true).open(draft);
        made.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let mut target = Connection::open_with_flags(draft, WRITE)?;
        self.shared.pool.read(|source| Backup::new(source, &mut target)?.step(-1).map(drop))?;
        // Of the log that a store keeps, a copy has none.
        target.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        target.close().map_err(|(_, error)| error)
    }

    /// Deletes the closed runs that are not to be kept, and says how many. `now` is what ages are counted back
    /// from. A run that somebody writes stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was deleted before stays deleted.
    pub fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        let closed = self.shared.pool.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT id, updated FROM state JOIN run ON number = run
                WHERE status <> 'working' ORDER BY updated DESC, number DESC",
            )?;
            let rows = statement.query_map([], |row| Ok((RunId::from_bytes(row.get(0)?), row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<(RunId, i64)>>>()
        });
        let closed = closed.map_err(|error| unreadable("list the closed runs", error))?;
        let mut deleted = 0;
        for (newer, (run, updated)) in closed.into_iter().enumerate() {
            if keep.keeps(updated, newer, now) {
                continue;
            }
            match self.delete(run) {
                Ok(()) => deleted += 1,
                // Somebody runs it again, or was faster.
                Err(StoreError::InUse(_) | StoreError::StillOpen(_) | StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
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

fn unreadable(action: &'static str, error: rusqlite::Error) -> StoreError {
    StoreError::Unreadable { action, source: Arc::new(error) }
}
