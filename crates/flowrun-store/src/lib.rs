//! Where the journals of runs live.
//!
//! A [`Store`] keeps runs: what each is made of ([`NewRun`]) and its journal. A run has one writer, the
//! [`Journal`] in the hands of its driver; whoever watches it reads its lines through a [`JournalReader`].
//! This crate knows nothing of executors or of time passing, and of records only what they say about the
//! status of their run; whether they make sense it leaves to the core (`StoredRun::replay`).
//!
//! [`MemoryStore`] is for tests and short-lived runs: it is volatile, and keeps the most recent lines only.
//! With the feature `sqlite` there is `SqliteStore`, which outlives the process; `failpoints` puts named places
//! into it where tests stop the process.
//!
//! ```
//! use flowrun_core::{Record, RunId, RunSpec, Site, Timestamp};
//! use flowrun_store::{Commit, MemoryStore, NewRun, Store};
//!
//! let store = MemoryStore::default();
//! let id = RunId::from_bytes([1; 16]);
//! let spec = RunSpec::new(id, Timestamp::default(), Site::new("https://example.com"));
//! let mut journal = store.create(NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#))?;
//! let Commit::Done(Ok(())) = journal.append(Timestamp::default(), &mut vec![Record::RunStarted]) else {
//!     panic!("the memory store commits at once")
//! };
//! journal.publish();
//! let page = store.reader(id)?.read(0, 10)?;
//! assert_eq!(page.lines[0].seq, 1);
//! # Ok::<(), flowrun_store::StoreError>(())
//! ```
#![forbid(unsafe_code)]

mod error;
#[cfg(feature = "sqlite")]
mod failpoint;
mod journal;
mod maintenance;
mod memory;
mod recent;
mod replay;
mod run;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use error::StoreError;
pub use journal::{Commit, InPlaceWriter, Journal, JournalLine, JournalReader, Page};
pub use maintenance::{Maintenance, Retention, StoreStats, Verified};
pub use memory::MemoryStore;
pub use replay::StoredRunError;
pub use run::{NewRun, RunFilter, RunSummary, StoredRun};
#[cfg(feature = "sqlite")]
pub use sqlite::{
    HostError, HostTables, HostTransaction, OpenError, RunChange, SqlValue, SqliteOptions, SqliteStore,
};
pub use store::{Opened, Store};
