//! Why a file could not be opened as a store.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A file could not be opened as a store. It is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no file, and none was to be made.
    #[error("there is no store `{}`", .0.display())]
    Missing(PathBuf),
    /// The path is a directory, a device or the like.
    #[error("`{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The file has no byte. A new store is only made where there is no file.
    #[error("`{}` is empty, not a store", .0.display())]
    Empty(PathBuf),
    /// The file is shorter than it says.
    #[error("the store `{}` is cut off: it has {has} bytes of {wants}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        has: u64,
        /// The size it had.
        wants: u64,
    },
    /// The file is something else.
    #[error("`{}` is not a store but {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        what: &'static str,
    },
    /// The file, or the host's tables in it, were written by a later version of this program.
    #[error("the store `{}` has format {found}, later than {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The last version this program knows.
        known: i64,
    },
    /// The file may not be written.
    #[error("the store `{}` is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The file, or its directory, may not be used.
    #[error("no permission to {action} `{}`", path.display())]
    NoPermission {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
    },
    /// A process has the store open already; it may be this one.
    #[error("the store `{}` is open already, in process {pid} (boot {boot})", path.display())]
    AlreadyOpen {
        /// The file.
        path: PathBuf,
        /// The id of that process.
        pid: u32,
        /// The boot of the machine in which it runs; it tells a process on another machine that shares the disk.
        boot: String,
    },
    /// A tool holds the file, not by the way of a store.
    #[error("the store `{}` is locked by another program", .0.display())]
    Locked(PathBuf),
    /// There is a write-ahead log without its store.
    #[error("`{}` has no store beside it", .0.display())]
    Orphan(PathBuf),
    /// The tables of the host could not be made.
    #[error("could not make the host's tables in the store `{}`", path.display())]
    HostTables {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("no room on the disk for the store `{}`", .0.display())]
    Full(PathBuf),
    /// The file is a store, and something in it is broken.
    #[error("the store `{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: rusqlite::Error,
    },
    /// The folder of a store that is to be made is not there.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// The operating system refused.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("could not open the store `{}`", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The SQLite in this program is too old to be trusted with a write-ahead log.
    #[error("SQLite {0} can lose data; at least 3.51.3 is needed")]
    OldSqlite(&'static str),
}

impl OpenError {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Missing(_) => "check the path",
            Self::NotAFile(_) => "name a file, or one that is still to be made",
            Self::Empty(_) => "delete the file, and a new store is made in its place",
            Self::Truncated { .. } | Self::Damaged { .. } => "restore it from a backup",
            Self::Foreign { .. } => "name another file",
            Self::Newer { .. } => "use the version of the program that wrote it, or a later one",
            Self::ReadOnly(_) => "make it writable, or work on a copy",
            Self::NoPermission { .. } => "change its permissions, or work on a copy",
            Self::AlreadyOpen { .. } => "end that process, or use another store",
            Self::Locked(_) => "close the program that has the file open",
            Self::Orphan(_) => "put the store back beside it; if it is gone for good, delete this file too",
            Self::Full(_) => "make room on the disk",
            Self::NoFolder(_) => "make the folder first, or check the path",
            Self::Io { .. } | Self::Sqlite { .. } => "see to the disk",
            Self::HostTables { .. } => "correct the SQL that makes them",
            Self::OldSqlite(_) => "build with the SQLite that is bundled",
        }
    }

    /// What SQLite's refusal means for the file at `path`.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(path),
            Some(ErrorCode::PermissionDenied) => Self::NoPermission { path, action: "open" },
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
                // Without a code it is an answer of the wrong type; `Unknown` is a table that is not there.
                Self::Damaged { path, source }
            }
            Some(_) => Self::Sqlite { path, source },
        }
    }

    /// What the operating system's refusal means for the file at `path`.
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::NoPermission { path, action },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path),
            io::ErrorKind::StorageFull => Self::Full(path),
            _ => Self::Io { path, action, source },
        }
    }
}
