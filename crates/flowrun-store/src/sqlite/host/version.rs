//! The version of a host's tables.
//!
//! It stands in a table of the store, as `user_version` is that of the store's own tables. A store whose host has no
//! steps has no such table.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::sqlite::OpenError;
use crate::sqlite::file::newer;

/// The table that holds it.
pub(super) const TABLE: &str = "host";

/// The version of the tables in this store; 0 where there are none.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<i64> {
    let is_there = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")?
        .exists([TABLE])?;
    if !is_there {
        return Ok(0);
    }
    let found = connection.query_row("SELECT version FROM host", [], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// Takes the tables to the version after all steps, one transaction a step: a crash leaves one version or the next.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    steps: &[String],
    execute: impl Fn(&Connection, &str) -> rusqlite::Result<()>,
) -> Result<(), OpenError> {
    let failed = |source| failed(path, source);
    let version = found(connection).map_err(failed)?;
    let known = steps.len() as i64;
    // Tables without steps say nothing of versions, so nothing is known of those that are there.
    if version > known && known > 0 {
        return Err(newer(path, version, known));
    }
    let done = usize::try_from(version).unwrap_or_default();
    for (version, step) in (1_i64..).zip(steps).skip(done) {
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(failed)?;
        execute(&transaction, step).map_err(failed)?;
        let noted = transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS host (
                one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL
            ) STRICT",
        );
        noted
            .and_then(|()| transaction.execute("INSERT OR REPLACE INTO host VALUES (1, ?)", [version]))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

pub(super) fn failed(path: &Path, source: rusqlite::Error) -> OpenError {
    OpenError::HostTables { path: path.to_owned(), source: Box::new(source) }
}
