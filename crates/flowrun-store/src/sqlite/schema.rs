//! The tables, their versions, and how a connection is set.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::file::{READ, WRITE};
use super::format::Identity;
use super::{OpenError, SqliteOptions};
use crate::failpoint::failpoint;

/// Marks a file as a store of this project: `flow` as four letters.
pub(super) const APPLICATION_ID: u32 = 0x666c_6f77;

/// The first SQLite whose write-ahead log is not reset while somebody reads it.
const SQLITE_FLOOR: i32 = 3_051_003;

/// The steps from each version to the next. A released step never changes; a new one is added at the end.
const STEPS: &[&str] = &["
    CREATE TABLE store (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        sum BLOB NOT NULL
    ) STRICT;
    CREATE TABLE flow (hash BLOB PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE run (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        format INTEGER NOT NULL,
        flow BLOB NOT NULL,
        spec TEXT NOT NULL,
        secrets TEXT NOT NULL,
        title TEXT,
        site TEXT NOT NULL,
        created INTEGER NOT NULL,
        chain BLOB NOT NULL
    ) STRICT;
    CREATE INDEX run_created ON run (created, id);
    CREATE INDEX run_flow ON run (flow);
    CREATE TABLE state (
        run INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        updated INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        chain BLOB NOT NULL,
        sum BLOB NOT NULL
    ) STRICT;
    CREATE INDEX state_open ON state (run) WHERE status = 'working';
    CREATE TABLE decision (
        run INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        format INTEGER NOT NULL,
        at INTEGER NOT NULL,
        records TEXT NOT NULL,
        chain BLOB NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deleted (run BLOB PRIMARY KEY, sum BLOB NOT NULL) STRICT, WITHOUT ROWID;
"];

/// The version a store has after all steps.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Makes a new store in an empty file. The caller syncs it; nobody reads it before.
pub(super) fn make(path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(path, WRITE)?;
    make_in(&mut connection)?;
    connection.close().map_err(|(_, error)| error)
}

fn make_in(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(connection, 0, STEPS)?;
    let store = Identity { id: uuid::Uuid::new_v4().into_bytes(), epoch: 0 };
    connection
        .execute("INSERT INTO store VALUES (1, ?, ?, ?)", params![store.id, store.epoch, store.sum()])?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

/// Takes the tables from version `from` up, one transaction a step: a crash leaves the old or the new version.
fn migrate(connection: &mut Connection, from: usize, steps: &[&str]) -> rusqlite::Result<()> {
    for (version, step) in steps.iter().enumerate().skip(from) {
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version as i64 + 1)?;
        failpoint!("c15");
        transaction.commit()?;
    }
    Ok(())
}

/// The connection that writes: the file's version is the latest one afterwards.
pub(super) fn writer(options: &SqliteOptions) -> Result<Connection, OpenError> {
    let path = &options.path;
    if rusqlite::version_number() < SQLITE_FLOOR {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let of = |source| OpenError::of(path, source);
    let mut connection = connect(options, WRITE).map_err(of)?;
    // The log stays for the next opening: what is closed after an error must not write once more.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(of)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(of)?;
    let known = usize::try_from(found).ok().filter(|version| *version <= STEPS.len());
    let version = known.ok_or_else(|| super::file::newer(path, found, VERSION))?;
    if version == 0 {
        make_in(&mut connection).map_err(of)?;
    } else {
        migrate(&mut connection, version, STEPS).map_err(of)?;
    }
    settle(&connection).map_err(of)?;
    Ok(connection)
}

/// What makes a commit last.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The writer thread does it between transactions, where errors are seen.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// A connection that reads.
pub(super) fn reader(options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let connection = connect(options, READ)?;
    connection.pragma_update(None, "query_only", true)?;
    // Those of the store, and those of a host.
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn connect(options: &SqliteOptions, flags: rusqlite::OpenFlags) -> rusqlite::Result<Connection> {
    let connection = match &options.vfs {
        Some(vfs) => {
            let flags = flags.difference(rusqlite::OpenFlags::SQLITE_OPEN_NOFOLLOW);
            Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_str())?
        }
        None => Connection::open_with_flags(&options.path, flags)?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // Otherwise a statement that is kept is planned anew for each value that it is given, which costs more than to do it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

#[cfg(test)]
mod migrating;
#[cfg(test)]
mod prepared;
