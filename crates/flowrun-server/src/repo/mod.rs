//! Accounts, tokens, sites, pages, flows, and which account has which run.
//!
//! Every call takes the account: there is no looking up by an id alone, so that what is foreign and what is missing
//! are the same. What a run is and how far it got is for the store of runs; here stands what the API says about it
//! beside that: whose it is, its flow and site, and its document once it is over.
//!
//! | Module | Owns |
//! | --- | --- |
//! | `file` | the file, its tables, the connections |
//! | `writer` | the one thread that writes, many requests in one transaction |
//! | `account`, `token` | who may ask |
//! | `site`, `flow`, `run` | what they have |

mod account;
mod file;
mod flow;
mod ids;
mod run;
mod site;
mod token;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

pub use account::{Account, Limits, NewAccount};
pub use ids::{AccountId, NotAnId, TokenId};
pub use token::{NewToken, NotAScope, Scope, Token};

pub(crate) use account::Caller;
pub(crate) use flow::{Flow, FlowChange};
pub(crate) use ids::{FlowId, PageId, SiteId};
pub(crate) use run::{NewRow, Over, Reserved, RunRow, Standing};
pub(crate) use site::{Made, Page, Site, SortKey};
pub(crate) use token::PREFIX as TOKEN_PREFIX;

use file::Pool;
use writer::Writer;

/// Accounts and what they have, in an SQLite file. Clones speak of the same file.
#[derive(Clone)]
pub struct Repository {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    writer: Writer,
    /// What tokens are hashed with.
    key: [u8; 32],
}

/// The repository could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The file cannot be opened.
    #[error("could not open `{}`", path.display())]
    Open {
        /// The file.
        path: std::path::PathBuf,
        /// What is in the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read.
    #[error("could not read accounts")]
    Read(#[source] rusqlite::Error),
    /// Nothing was written.
    #[error("could not write accounts")]
    Write(#[source] Arc<rusqlite::Error>),
    /// The writer has ended.
    #[error("the file of accounts is closed")]
    Closed,
}

impl Repository {
    /// Opens the file at `path`; makes one where there is none. Several processes may have it open.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RepositoryError> {
        let path = path.as_ref();
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| RepositoryError::Open {
            path: path.to_owned(),
            source,
        };
        let connection = file::open(path).map_err(|error| failed(error.into()))?;
        let key = file::key(&connection).map_err(|error| failed(error.into()))?;
        let writer = Writer::new(connection).map_err(|error| failed(error.into()))?;
        Ok(Self { shared: Arc::new(Shared { pool: Pool::new(path), writer, key }) })
    }

    /// Opens the file that stands beside a store.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Open`].
    pub fn beside(store: impl AsRef<Path>) -> Result<Self, RepositoryError> {
        // Whatever name leads to the store, the file is beside the store itself.
        let store = std::fs::canonicalize(&store).unwrap_or_else(|_| store.as_ref().to_owned());
        let mut path = store.into_os_string();
        path.push("-accounts");
        Self::open(Path::new(&path))
    }

    /// Lets `read` see one moment of the file. Blocks for as long as the disk takes.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, RepositoryError> {
        self.shared.pool.read(read).map_err(RepositoryError::Read)
    }

    /// Lets `write` change the file, and returns once that is on the disk. What it did before an error is undone.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        self.shared.writer.write(write).await
    }

    /// Whether something can be written now.
    pub(crate) async fn writes(&self) -> bool {
        self.write(|connection| connection.execute("UPDATE server SET one = 1", [])).await.is_ok()
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").finish_non_exhaustive()
    }
}

/// The time now.
fn now() -> flowrun::Timestamp {
    flowrun::Clock::now(&flowrun::SystemClock::new())
}

/// A number for SQLite, whose integers are signed.
fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
