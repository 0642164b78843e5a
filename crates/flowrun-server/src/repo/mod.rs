//! Accounts, tokens, sites, pages, flows, and which account has which run.
//!
//! Every call takes the account: there is no looking up by an id alone, so that what is foreign and what is missing
//! are the same. What a run is and how far it got is for the store of runs; here stands what the API says about it
//! beside that: whose it is, its flow and site, and its document once it is over. Both are tables of one file, written by
//! one writer.
//!
//! | Module | Owns |
//! | --- | --- |
//! | `tables` | the tables, and whether they fit together |
//! | `rows` | from their rows to what they mean |
//! | `account`, `token` | who may ask |
//! | `site`, `flow`, `run` | what they have |
//! | `blocks` | where in a list a page begins |

mod account;
mod blocks;
mod flow;
mod ids;
mod key;
mod rows;
mod run;
mod site;
mod tables;
mod token;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use flowrun::{HostError, HostTransaction, OpenError, SqliteOptions, SqliteStore, Store as _};

pub use account::{Account, Limits, NewAccount};
pub use ids::{AccountId, ParseIdError, TokenId};
pub use tables::tables;
pub use token::{NewToken, ParseScopeError, Scope, Token};

pub(crate) use account::Caller;
pub(crate) use flow::{Changed, Flow, FlowChange};
pub(crate) use ids::{FlowId, PageId, SiteId};
pub(crate) use key::{KnownKey, RequestKey};
pub(crate) use run::{NotStored, Owner, RunRow, Standing};
pub(crate) use site::{Made, Page, Site, SortKey};
pub(crate) use token::PREFIX as TOKEN_PREFIX;

/// Accounts and what they have, in the store of their runs. Clones speak of the same store.
#[derive(Clone)]
pub struct Repository {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<SqliteStore>,
    /// What tokens are hashed with.
    key: [u8; 32],
    /// How often a token was taken back.
    revoked: tokio::sync::watch::Sender<u64>,
    /// How many tasks of an account may be at work, of accounts that were asked for.
    concurrency: Mutex<BTreeMap<AccountId, Option<u64>>>,
}

/// The repository could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is stored cannot be read.
    #[error("could not read accounts")]
    Read(#[source] HostError),
    /// Nothing was written.
    #[error("could not write accounts")]
    Write(#[source] HostError),
}

impl Repository {
    /// Opens the store at `path` for its accounts; makes one where there is none. Nothing happens to its runs. It is this
    /// one's alone until every clone is dropped. Blocks for some writes.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RepositoryError> {
        Self::open_with(SqliteOptions::new(path))
    }

    /// Opens a store in this way.
    pub(crate) fn open_with(options: SqliteOptions) -> Result<Self, RepositoryError> {
        Self::of(Arc::new(options.host_tables(tables()).open()?))
    }

    /// The accounts in a store that is open already, with the [tables](tables()) of accounts; `None` when they are
    /// [optional](flowrun::HostTables::optional) and the store has none. Blocks for a write.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub fn on(store: Arc<SqliteStore>) -> Result<Option<Self>, RepositoryError> {
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'server'";
        let tables = store.read_host_tables(|host| rows::value::<i64>(host, tables, &[]));
        if tables.map_err(RepositoryError::Read)? == 0 {
            return Ok(None);
        }
        Self::of(store).map(Some)
    }

    fn of(store: Arc<SqliteStore>) -> Result<Self, RepositoryError> {
        let new = [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
        let new = *blake3::hash(&new).as_bytes();
        let epoch = i64::try_from(store.epoch()).unwrap_or(i64::MAX);
        let key = store.write_host_tables(move |host| tables::take_over(host, epoch, new));
        let key = key.map_err(RepositoryError::Write)?;
        Ok(Self {
            shared: Arc::new(Shared {
                store,
                key,
                concurrency: Mutex::default(),
                revoked: tokio::sync::watch::Sender::new(0),
            }),
        })
    }

    /// The store of the runs.
    #[must_use]
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.shared.store
    }

    /// Lets `read` see one moment of the store. Blocks for as long as the disk takes.
    fn read<T>(
        &self,
        read: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError>,
    ) -> Result<T, RepositoryError> {
        self.shared.store.read_host_tables(read).map_err(RepositoryError::Read)
    }

    /// Lets `write` change the tables, and returns once that is on the disk. What it did before an error is undone.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&HostTransaction<'_>) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        self.shared.store.write_host_tables_soon(write).await.map_err(RepositoryError::Write)
    }

    /// Whether something can be written now.
    pub(crate) async fn writes(&self) -> bool {
        self.write(|tables| tables.execute("UPDATE server SET one = 1", &[])).await.is_ok()
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
