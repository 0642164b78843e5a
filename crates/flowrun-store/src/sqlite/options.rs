//! How a store is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{HostTables, OpenError, SqliteStore};

/// How to open a store in an SQLite file.
///
/// ```
/// use flowrun_store::{SqliteOptions, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = SqliteOptions::new(folder.path().join("runs.flowrun")).reserve(0).open()?;
/// assert!(!store.is_volatile());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The file.
    pub path: PathBuf,
    /// Whether a new store is made where there is no file. Default: yes.
    pub create: bool,
    /// Size in bytes of a file beside the store that is deleted when the disk is nearly full, so that runs
    /// under way can be brought to an end. Default: 8 MiB; with 0 a full disk stops the store in the middle.
    pub reserve: u64,
    /// How quick the disk has to be for a run that is alone with the store to write on the thread of its driver,
    /// which saves the way to the writer thread and back. Default: 1 ms; zero: never. A long time lets a slow disk
    /// keep threads of the runtime, and gains little, as the way takes a tenth of a millisecond or two.
    pub quick: Duration,
    /// Bytes of the largest piece that is taken: the records of one decision, or the flow of a run. A larger one is
    /// refused, and with it its run alone. Default: 900,000,000; SQLite takes no row of a billion.
    pub largest: usize,
    /// The name of a registered SQLite VFS that holds the files, in place of the file system. For tests of
    /// faults: such a store has no lock, no reserve, and makes no new file. Default: the file system.
    pub vfs: Option<String>,
    /// Tables of the host in the same file. Default: none.
    pub host_tables: Option<HostTables>,
}

impl SqliteOptions {
    /// The store in the file at `path`.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self {
            path,
            create: true,
            reserve: 8 << 20,
            quick: Duration::from_millis(1),
            largest: 900_000_000,
            vfs: None,
            host_tables: None,
        }
    }

    /// Sets whether a new store is made where there is no file.
    #[must_use]
    pub const fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Sets the size of the reserve in bytes.
    #[must_use]
    pub const fn reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Sets how quick the disk has to be for a driver to write itself.
    #[must_use]
    pub const fn quick(mut self, within: Duration) -> Self {
        self.quick = within;
        self
    }

    /// Sets the bytes of the largest piece that is taken.
    #[must_use]
    pub const fn largest(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// Sets the VFS that holds the files.
    #[must_use]
    pub fn vfs(mut self, name: impl Into<String>) -> Self {
        self.vfs = Some(name.into());
        self
    }

    /// Sets the tables of the host.
    #[must_use]
    pub fn host_tables(mut self, tables: HostTables) -> Self {
        self.host_tables = Some(tables);
        self
    }

    /// Opens the store. It is this one's alone until it is closed or dropped. Blocks for some writes.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the file is then as it was before.
    pub fn open(self) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_with(self)
    }
}
