//! One owner for a store: a lock of the operating system on a file beside it.
//!
//! The lock is not on the store itself: SQLite keeps locks of its own there, which are lost when anybody in
//! the same process closes the file. The system takes the lock back when its owner dies, so a file that was
//! left behind says nothing.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::OpenError;
use super::file::{beside, private};

/// The lock on a store, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
    is_new: bool,
    was_closed: bool,
}

impl Lock {
    /// Takes the lock on the store at `store`.
    pub(super) fn take(store: &Path) -> Result<Self, OpenError> {
        let path = beside(store, "-lock");
        let failed = |action| {
            let path = &path;
            move |source| OpenError::io(path, action, source)
        };
        let is_new = !path.exists();
        let mut options = private();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("write"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by(store, &file)),
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        // Whoever closes the store leaves nothing in it, and before the first one there was nothing.
        let was_closed = file.metadata().is_ok_and(|found| found.len() == 0);
        let holder = format!("{}\n{}\n", std::process::id(), boot());
        file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(failed("write"))?;
        Ok(Self { path, file, is_new, was_closed })
    }

    /// Whether the owner before closed the store. One that died, or lost its machine, did not.
    pub(super) const fn was_closed(&self) -> bool {
        self.was_closed
    }

    /// Lets go of the store in order: the next owner sees that this one did not die with it.
    pub(super) fn close(self) {
        // What cannot be told on a disk that takes nothing counts as a death.
        let _ = self.file.set_len(0);
    }

    /// Leaves nothing beside a file that turned out to be no store.
    pub(super) fn abandon(self) {
        if self.is_new {
            // A file that stays says nothing.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is just being started elsewhere in this one has a copy
        // of it until it runs its own program, and with the copy the lock.
        let _ = self.file.unlock();
    }
}

/// Who holds the lock, by what is written in its file. A holder that has not written yet is called 0.
fn held_by(store: &Path, file: &File) -> OpenError {
    let mut holder = String::new();
    // What cannot be read is said as unknown: the error is that the store is open, not this.
    let _ = file.take(256).read_to_string(&mut holder);
    let mut lines = holder.lines();
    let pid = lines.next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
    let boot = lines.next().unwrap_or("unknown").to_owned();
    OpenError::AlreadyOpen { path: store.to_owned(), pid, boot }
}

/// The id of this boot of the machine, where the system tells it.
fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if id.is_empty() { "unknown".to_owned() } else { id.trim().to_owned() }
}
