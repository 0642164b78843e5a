//! Where browsers keep what they keep: a directory each, deleted afterwards, at the latest by the next who starts.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

/// The file whose lock says that a directory is in use. The lock ends with the process that holds it, also when
/// that is killed.
const LOCK: &str = "lock";

/// The profiles of one process. Its directory is deleted with it.
#[derive(Clone, Debug)]
pub(crate) struct Profiles(Arc<Home>);

#[derive(Debug)]
struct Home {
    // Deleted before the lock is given back: fields are dropped in this order.
    directory: TempDir,
    _lock: File,
}

impl Profiles {
    /// Makes a directory for the profiles of this process under `parent`, and deletes those of processes that are
    /// gone.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made, or `parent` belongs to someone else.
    pub(crate) fn open(parent: &Path) -> io::Result<Self> {
        match fs::DirBuilder::new().mode(0o700).create(parent) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let found = fs::symlink_metadata(parent)?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        sweep(parent);
        let directory = own("browsers-", parent)?;
        let lock = File::create_new(directory.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self(Arc::new(Home { directory, _lock: lock })))
    }

    /// A new profile, empty and nobody else's.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made.
    pub(crate) fn create(&self) -> io::Result<Profile> {
        let directory = own("profile-", self.0.directory.path())?;
        Ok(Profile { directory, _home: self.clone() })
    }
}

/// The directory of one browser, deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct Profile {
    directory: TempDir,
    _home: Profiles,
}

impl Profile {
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A directory for this user alone.
fn own(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

/// Deletes the directories that nobody holds. Whatever cannot be deleted stays for the next time.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for directory in entries.flatten().map(|entry| entry.path()) {
        if is_left(&directory) {
            let _ = fs::remove_dir_all(&directory);
        }
    }
}

/// Whether the process that made a directory is gone.
fn is_left(directory: &Path) -> bool {
    match File::open(directory.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        // One without a lock is being made at this moment, or was when its process was killed. A minute tells.
        Err(_) => fs::metadata(directory)
            .and_then(|found| found.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> usize {
        fs::read_dir(parent).unwrap().count()
    }

    #[test]
    fn profiles_are_deleted_with_their_owner() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path().join("browsers");
        let profiles = Profiles::open(&parent).unwrap();
        let profile = profiles.create().unwrap();
        fs::write(profile.path().join("cookies"), "x").unwrap();
        assert_eq!(fs::metadata(profile.path()).unwrap().mode() & 0o777, 0o700);
        let path = profile.path().to_owned();
        drop(profile);
        assert!(!path.exists());
        drop(profiles);
        assert_eq!(names(&parent), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_deleted_by_the_next_and_what_is_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path().join("browsers");
        let living = Profiles::open(&parent).unwrap();
        let killed = Profiles::open(&parent).unwrap();
        let home = Arc::into_inner(killed.0).unwrap();
        let left = home.directory.keep();
        fs::write(left.join("cookies"), "x").unwrap();
        // Its lock is still held: it counts as in use.
        let other = Profiles::open(&parent).unwrap();
        assert!(left.exists());
        drop(home._lock);
        let last = Profiles::open(&parent).unwrap();
        assert!(!left.exists());
        assert_eq!(names(&parent), 3);
        drop((living, other, last));
    }

    #[test]
    fn a_link_is_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(parent.path(), parent.path().join("browsers")).unwrap();
        assert!(Profiles::open(&parent.path().join("browsers")).is_err());
    }
}
