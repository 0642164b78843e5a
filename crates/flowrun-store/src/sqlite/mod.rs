//! Runs in an SQLite file.
//!
//! One thread writes, many append: what is appended while a transaction is on its way to the disk goes into
//! the next one, so that a busy store pays for one `fsync` where many runs move. A run that moves alone may write
//! on its own thread. Nothing is acknowledged
//! before `fsync` has returned, and after any error nothing is written again until the file is opened anew.
//!
//! | Module | Owns |
//! | --- | --- |
//! | `format` | what a stored run is in bytes, its hashes; described in `docs/design/stored-format.md` |
//! | `schema` | the tables, their versions, the settings of a connection |
//! | `file`, `lock` | whether a path is a store, and ours alone |
//! | `store` | the [`Store`](crate::Store) trait |
//! | `queue`, `desk`, `writer`, `transaction` | the way of an append to the disk |
//! | `points` | where tests stop the process on that way |
//! | `journal`, `reader` | one run: writing and reading it |
//! | `host` | tables of the host in the same file and transactions |
//! | `verify`, `maintenance`, `space` | looking after the file |

mod desk;
mod error;
mod file;
mod format;
mod host;
mod journal;
mod lock;
mod maintenance;
mod options;
mod points;
mod queue;
mod reader;
mod schema;
mod space;
mod store;
mod transaction;
mod verify;
mod writer;

pub use error::OpenError;
pub use host::{HostError, HostTables, HostTransaction, RunChange, SqlValue};
pub use options::SqliteOptions;
pub use store::SqliteStore;
