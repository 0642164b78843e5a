//! The file of the socket beside a store: who may make it, and who may call it.
//!
//! It is made by whoever holds the lock of the store, in a folder that nobody else can enter, and moved to its place when
//! its mode is right. The move replaces the socket of a holder that died; anything else that has the name is left alone.
//! Names in system calls are short, however long the path is: they lead through descriptors that are open already.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};
use tokio::net::{UnixListener, UnixStream};

use super::HeldError;

/// The name of the socket while it is made.
const DRAFT: &str = "s";

/// The socket beside a store at this path.
fn beside(store: &Path, suffix: &str) -> PathBuf {
    // Whatever links led to the store, the name beside it is the same for all.
    let store = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let mut name = store.into_os_string();
    name.push(suffix);
    name.into()
}

/// A socket that is listened on. Dropping it removes its file.
#[derive(Debug)]
pub(super) struct Bound {
    path: PathBuf,
    /// What tells it from one that somebody else has put in its place.
    inode: (u64, u64),
}

/// Makes the socket of the store at `store`, whose lock is held by this process.
pub(super) fn bind(store: &Path) -> io::Result<(UnixListener, Bound)> {
    let (path, folder) = (beside(store, "-socket"), beside(store, "-socket-new"));
    remove_stale(&path)?;
    // What a process left behind that died here.
    remove_draft(&folder)?;
    DirBuilder::new().mode(0o700).create(&folder)?;
    let bound = bind_in(&folder).and_then(|(listener, inode)| {
        fs::rename(folder.join(DRAFT), &path)?;
        Ok((listener, Bound { path, inode }))
    });
    let removed = remove_draft(&folder);
    let (listener, bound) = bound?;
    removed?;
    Ok((UnixListener::from_std(listener)?, bound))
}

fn bind_in(folder: &Path) -> io::Result<(StdListener, (u64, u64))> {
    let opened = open(folder, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let short = through(&opened).unwrap_or_else(|| folder.to_owned());
    let listener = StdListener::bind(short.join(DRAFT))?;
    listener.set_nonblocking(true)?;
    let draft = folder.join(DRAFT);
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    let made = fs::symlink_metadata(&draft)?;
    Ok((listener, (made.dev(), made.ino())))
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Whoever took the store away by force may have a socket of its own there.
        let is_ours = |found: &fs::Metadata| (found.dev(), found.ino()) == self.inode;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| is_ours(&found)) {
            // One that stays is replaced by the next holder.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the socket of a holder that is gone. Only for whoever holds the lock of the store.
pub(super) fn remove_left_behind(store: &Path) {
    // One that stays leads nowhere.
    let _ = remove_stale(&beside(store, "-socket"));
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("`{}` is there and is not a socket", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove_draft(folder: &Path) -> io::Result<()> {
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    gone(fs::remove_file(folder.join(DRAFT)))?;
    // Fails on anything that is no empty folder, such as a link to one.
    gone(fs::remove_dir(folder))
}

/// Calls whoever holds the store; `None` when nobody listens.
pub(super) async fn connect(store: &Path) -> Result<Option<UnixStream>, HeldError> {
    let path = beside(store, "-socket");
    let failed = |source| HeldError::Io { path: store.to_owned(), source };
    let found = match Found::at(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !found.is_socket {
        return Err(HeldError::NotASocket(path));
    }
    let stream = match UnixStream::connect(&found.name).await {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                // Its process is gone.
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(None),
                io::ErrorKind::WouldBlock => Err(HeldError::Silent(store.to_owned())),
                io::ErrorKind::PermissionDenied => Err(HeldError::Foreign(path)),
                _ => Err(failed(error)),
            };
        }
    };
    let peer = stream.peer_cred().map_err(failed)?.uid();
    let owner = fs::metadata(store).map_err(failed)?.uid();
    if is_trusted(peer) || peer == owner { Ok(Some(stream)) } else { Err(HeldError::Foreign(path)) }
}

/// Whether a process of this user may ask, and be believed: whoever runs this program, and root, who could open the
/// file anyway.
pub(super) fn is_trusted(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// What is at a path, which is not followed if it is a link.
struct Found {
    is_socket: bool,
    /// A name to call it by.
    name: PathBuf,
    /// What the name leads through.
    _opened: Option<OwnedFd>,
}

impl Found {
    /// Looks at it and names it by one descriptor, so that both are about one file.
    #[cfg(target_os = "linux")]
    fn at(path: &Path) -> io::Result<Self> {
        use rustix::fs::{FileType, fstat};
        let opened = open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let is_socket = FileType::from_raw_mode(fstat(&opened)?.st_mode) == FileType::Socket;
        let name = through(&opened).unwrap_or_else(|| path.to_owned());
        Ok(Self { is_socket, name, _opened: Some(opened) })
    }

    #[cfg(not(target_os = "linux"))]
    fn at(path: &Path) -> io::Result<Self> {
        let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
        Ok(Self { is_socket, name: path.to_owned(), _opened: None })
    }
}

/// A short name for what is open; `None` where the system has no such names.
fn through(opened: &OwnedFd) -> Option<PathBuf> {
    let name = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    (cfg!(target_os = "linux") && name.exists()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// A store, so far as the socket beside it is concerned.
    fn store(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, "").unwrap();
        path
    }

    #[tokio::test]
    async fn the_socket_is_for_its_owner_alone_and_goes_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "runs.db");
        assert!(connect(&store).await.unwrap().is_none());
        let (listener, bound) = bind(&store).unwrap();
        assert_eq!(mode(&bound.path), 0o600);
        assert!(connect(&store).await.unwrap().is_some());
        drop((listener, bound));
        assert_eq!(names(folder.path()), ["runs.db"]);
    }

    #[tokio::test]
    async fn what_a_holder_left_behind_that_died_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "runs.db");
        let (listener, bound) = bind(&store).unwrap();
        // It dies: nothing is removed, and nobody listens. Another one had died while it made its own.
        std::mem::forget(bound);
        drop(listener);
        let draft = folder.path().join("runs.db-socket-new");
        fs::create_dir(&draft).unwrap();
        drop(StdListener::bind(draft.join(DRAFT)).unwrap());
        assert!(connect(&store).await.unwrap().is_none());
        let (_listener, _bound) = bind(&store).unwrap();
        assert!(connect(&store).await.unwrap().is_some());
        assert!(!draft.exists());
    }

    #[tokio::test]
    async fn a_path_may_be_as_long_as_the_system_allows_for_files() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d".repeat(200)).join("e".repeat(200));
        fs::create_dir_all(&deep).unwrap();
        let store = store(&deep, &"f".repeat(240));
        let (_listener, bound) = bind(&store).unwrap();
        assert!(bound.path.as_os_str().len() > 600);
        assert!(connect(&store).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_neither_called_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "runs.db");
        let path = folder.path().join("runs.db-socket");
        // A link to a socket where somebody listens: it is not followed.
        let other = folder.path().join("other");
        let _listener = StdListener::bind(&other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(matches!(connect(&store).await, Err(HeldError::NotASocket(_))));
        assert_eq!(bind(&store).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        remove_left_behind(&store);
        assert!(path.is_symlink() && other.exists());

        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(connect(&store).await, Err(HeldError::NotASocket(_))));
        bind(&store).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        // Nor is a link followed where the socket is made.
        fs::remove_file(&path).unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        std::os::unix::fs::symlink(&inside, folder.path().join("runs.db-socket-new")).unwrap();
        bind(&store).unwrap_err();
        assert_eq!(names(&inside), [""; 0]);
    }

    #[tokio::test]
    async fn the_socket_of_whoever_took_the_store_away_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "runs.db");
        let (_first, bound) = bind(&store).unwrap();
        let (_second, _bound) = bind(&store).unwrap();
        drop(bound);
        assert!(connect(&store).await.unwrap().is_some());
    }
}
