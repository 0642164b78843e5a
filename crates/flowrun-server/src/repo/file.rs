//! The file: its tables, and connections to it.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

/// Marks a file as one of accounts: `flws` as four letters.
const APPLICATION_ID: u32 = 0x666c_7773;

/// The steps from each version to the next. A released step never changes; a new one is added at the end.
///
/// Lists are read in the order of `number`, which grows with each new row, and counted from the rows they belong to,
/// so that a page costs the same however long the list is.
const STEPS: &[&str] = &["
    CREATE TABLE server (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
    CREATE TABLE account (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        user TEXT NOT NULL,
        created INTEGER NOT NULL,
        configs TEXT,
        sites INTEGER NOT NULL DEFAULT 0,
        flows INTEGER NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        flowruns INTEGER NOT NULL DEFAULT 0,
        sites_allowed INTEGER,
        pages_allowed INTEGER,
        flowruns_allowed INTEGER,
        nodes_allowed INTEGER,
        conditions_allowed INTEGER,
        concurrency INTEGER
    ) STRICT;
    CREATE TABLE token (
        hash BLOB PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        account BLOB NOT NULL,
        scope TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE site (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        url TEXT NOT NULL,
        created INTEGER NOT NULL,
        tags TEXT,
        pages INTEGER NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        UNIQUE (account, id),
        UNIQUE (account, url)
    ) STRICT;
    CREATE INDEX site_listed ON site (account, number);
    CREATE TABLE page (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        site BLOB NOT NULL,
        url TEXT NOT NULL,
        created INTEGER NOT NULL,
        tags TEXT,
        UNIQUE (account, id),
        UNIQUE (account, site, url)
    ) STRICT;
    CREATE INDEX page_listed ON page (account, site, number);
    CREATE TABLE flow (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        user TEXT NOT NULL,
        created INTEGER NOT NULL,
        title TEXT NOT NULL,
        folded TEXT NOT NULL,
        nodes TEXT NOT NULL,
        edges TEXT NOT NULL,
        last_run INTEGER,
        UNIQUE (account, id)
    ) STRICT;
    CREATE INDEX flow_listed ON flow (account, number);
    CREATE TABLE run (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        flow BLOB NOT NULL,
        site BLOB NOT NULL,
        title TEXT NOT NULL,
        created INTEGER NOT NULL,
        status TEXT,
        completed INTEGER,
        document TEXT,
        UNIQUE (account, id)
    ) STRICT;
    CREATE INDEX run_listed ON run (account, number);
    CREATE INDEX run_site ON run (account, site, number);
    CREATE INDEX run_flow ON run (account, flow);
    CREATE INDEX run_open ON run (number) WHERE document IS NULL;
    CREATE TABLE doomed (run BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
"];

/// Opens the file to write, with the latest tables; makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    // Made here rather than by SQLite, so that nobody else may read it from the beginning.
    private().write(true).create(true).truncate(false).open(path)?;
    let mut connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    settle(&connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// The file is none of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// The system says so.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// SQLite says so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// It holds something else.
    #[error("it is an SQLite file of something else")]
    Foreign,
    /// A later version of this program wrote it.
    #[error("it was written by a later version of flowrun: its tables are version {0}")]
    Newer(usize),
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    // One transaction, so that of two processes that make the file one waits for the other.
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let number = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != i64::from(APPLICATION_ID) && (application, version, tables) != (0, 0, 0) {
        return Err(OpenError::Foreign);
    }
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    let steps = STEPS.get(version..).ok_or(OpenError::Newer(version))?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    let key = [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
    transaction.execute("INSERT OR IGNORE INTO server VALUES (1, ?)", [key])?;
    Ok(transaction.commit()?)
}

/// What tokens are hashed with.
pub(super) fn key(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    connection.query_row("SELECT key FROM server", [], |row| row.get(0))
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Connections kept open for the next reader.
const IDLE: usize = 8;

/// Connections that read.
pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    /// Lets `read` see one moment of the file.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let access = flags(OpenFlags::SQLITE_OPEN_READ_ONLY);
                let connection = Connection::open_with_flags(&self.path, access)?;
                settle(&connection)?;
                connection
            }
        };
        let transaction = connection.unchecked_transaction()?;
        let answer = read(&transaction)?;
        transaction.finish()?;
        // A connection that failed is not kept.
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(open(&path), Err(OpenError::Foreign)));
        std::fs::write(&path, "no database, but long enough to look like one to somebody").unwrap();
        assert!(matches!(open(&path), Err(OpenError::Sqlite(_))));
    }

    #[test]
    fn a_file_of_a_later_version_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(open(&path), Err(OpenError::Newer(99))));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        let connection = open(&path).unwrap();
        connection.execute("UPDATE server SET one = 1", []).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }
}
