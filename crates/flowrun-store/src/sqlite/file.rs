//! Whether a path is a store, found out before anything is written to it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;

use super::OpenError;
use super::lock::Lock;
use super::schema::{self, APPLICATION_ID, VERSION};

/// The bytes of an SQLite file that say what it is.
const HEADER: usize = 100;

/// The path under which the store is known to everybody, whatever links led to it: the names beside it, and so
/// its lock, must be the same for all.
pub(super) fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    let name = path.file_name().ok_or_else(|| OpenError::NotAFile(path.to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = fs::canonicalize(folder).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => OpenError::NoFolder(folder.to_owned()),
        _ => OpenError::io(folder, "find", source),
    })?;
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder));
    }
    Ok(folder.join(name))
}

/// The store's path with something behind its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Options that make files which nobody else can read.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Looks for a store at `path`, takes its lock, and makes a new one where there is none and `create` says so.
/// Whatever is found that is no store stays as it is.
pub(super) fn prepare(path: &Path, create: bool) -> Result<Lock, OpenError> {
    let log = beside(path, "-wal");
    match is_there(path)? {
        true => check_outside(path)?,
        false if !create => return Err(OpenError::Missing(path.to_owned())),
        // SQLite would take it for the log of the new store.
        false if log.exists() => return Err(OpenError::Orphan(log)),
        false => {}
    }
    // Before the file is read: closing a file that is open in this process already would take SQLite's locks
    // away. Its owner has the lock, so that nobody comes so far.
    let lock = Lock::take(path)?;
    // Somebody may have made it meanwhile.
    let prepared = is_there(path).and_then(|is_there| if is_there { check(path) } else { make(path) });
    match prepared {
        Ok(()) => Ok(lock),
        Err(error) => {
            lock.abandon();
            Err(error)
        }
    }
}

fn is_there(path: &Path) -> Result<bool, OpenError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(OpenError::NotAFile(path.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(OpenError::io(path, "look at", error)),
    }
}

/// What the system says of the file without opening it. Its mode is looked at so that the answer is the same
/// for a user who may do everything.
fn check_outside(path: &Path) -> Result<(), OpenError> {
    let found = metadata(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o444 == 0 {
        return Err(OpenError::NoPermission { path: path.to_owned(), action: "read" });
    }
    if found.permissions().readonly() {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    if found.len() == 0 { Err(OpenError::Empty(path.to_owned())) } else { Ok(()) }
}

fn metadata(path: &Path) -> Result<fs::Metadata, OpenError> {
    fs::metadata(path).map_err(|source| OpenError::io(path, "look at", source))
}

/// Makes a new store: whole under another name first, so that a crash leaves none behind, or a whole one.
fn make(path: &Path) -> Result<(), OpenError> {
    let draft = beside(path, "-new");
    let failed = |action| move |source| OpenError::io(path, action, source);
    if draft.exists() {
        fs::remove_file(&draft).map_err(failed("replace the draft of"))?;
    }
    private().write(true).create_new(true).open(&draft).map_err(failed("create"))?;
    schema::make(&draft).map_err(|source| OpenError::of(path, source))?;
    File::open(&draft).and_then(|file| file.sync_all()).map_err(failed("sync"))?;
    fs::rename(&draft, path).map_err(failed("create"))?;
    sync_folder(path).map_err(failed("sync the folder of"))
}

/// Makes the names in the folder of `path` last.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Whether the file is a store this program can read, by its first bytes and its size.
fn check(path: &Path) -> Result<(), OpenError> {
    let mut header = Vec::with_capacity(HEADER);
    let read = File::open(path).and_then(|file| file.take(HEADER as u64).read_to_end(&mut header));
    read.map_err(|source| OpenError::io(path, "read", source))?;
    let foreign = |what| Err(OpenError::Foreign { path: path.to_owned(), what });
    let size = metadata(path)?.len();
    const MAGIC: &[u8] = b"SQLite format 3\0";
    if header.len() < HEADER {
        if header.starts_with(MAGIC) || MAGIC.starts_with(&header) {
            return Err(OpenError::Truncated { path: path.to_owned(), has: size, wants: 512 });
        }
        return foreign("something else");
    }
    if !header.starts_with(MAGIC) {
        return foreign(if std::str::from_utf8(&header).is_ok() { "a text" } else { "something else" });
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if number(68) != APPLICATION_ID {
        return foreign("an SQLite file of another program");
    }
    if i64::from(number(60)) > VERSION {
        return Err(newer(path, i64::from(number(60)), VERSION));
    }
    // A log beside it may hold the pages that are missing here.
    let has_log = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        page => u64::from(page),
    };
    let wants = page * u64::from(number(28));
    if size < wants && !has_log {
        return Err(OpenError::Truncated { path: path.to_owned(), has: size, wants });
    }
    Ok(())
}

pub(super) fn newer(path: &Path, found: i64, known: i64) -> OpenError {
    OpenError::Newer { path: path.to_owned(), found, known }
}

/// How the file is opened by SQLite: it must be there.
pub(super) const WRITE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

/// The same, to read only.
pub(super) const READ: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_NOFOLLOW);
