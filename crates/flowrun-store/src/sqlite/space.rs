//! Room on the disk, kept for the end of the runs under way.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{beside, private};

/// A file beside the store that is given up when the disk is nearly full.
#[derive(Debug)]
pub(super) struct Space {
    path: PathBuf,
    size: u64,
    is_kept: bool,
}

impl Space {
    /// The reserve of the store at `path`; `None` when it is to have none.
    pub(super) fn of(path: &Path, size: u64) -> Option<Self> {
        let path = beside(path, "-reserve");
        let is_kept = fs::metadata(&path).is_ok_and(|found| found.len() == size);
        (size > 0).then_some(Self { path, size, is_kept })
    }

    /// Whether the disk is nearly full, as far as a look without touching the reserve tells.
    pub(super) fn is_low(&self) -> bool {
        free(&self.path).is_some_and(|free| free < self.needed())
    }

    /// Whether the disk is nearly full. The reserve is given up or made accordingly.
    pub(super) fn look(&mut self) -> bool {
        free(&self.path).is_some_and(|free| self.decide(free))
    }

    /// The reserve is given up below its own size, and made again with twice as much to spare, so that making it
    /// does not lead to giving it up.
    const fn needed(&self) -> u64 {
        if self.is_kept { self.size } else { 3 * self.size }
    }

    fn decide(&mut self, free: u64) -> bool {
        if free < self.needed() {
            self.release();
        } else if !self.is_kept {
            // Without a reserve the store still works; it is tried again with the next transaction.
            self.is_kept = fill(&self.path, self.size).is_ok();
        }
        !self.is_kept
    }

    /// Gives the reserve up.
    pub(super) fn release(&mut self) {
        if self.is_kept {
            // What cannot be deleted gives no room, and the writes that need it will say so.
            let _ = fs::remove_file(&self.path);
            self.is_kept = false;
        }
    }
}

/// Bytes free for us where `path` is.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path.parent()?).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// A file of real bytes: one with holes would hold no room.
fn fill(path: &Path, size: u64) -> io::Result<()> {
    let mut file = private().write(true).create(true).truncate(true).open(path)?;
    let block = [0; 64 << 10];
    let mut left = size;
    while left > 0 {
        let part = left.min(block.len() as u64);
        file.write_all(&block[..part as usize]).inspect_err(|_| drop(fs::remove_file(path)))?;
        left -= part;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_goes_when_room_does_and_comes_back_with_some_to_spare() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("s");
        let mut space = Space::of(&store, 1000).unwrap();
        let reserve = || fs::metadata(beside(&store, "-reserve")).map(|found| found.len()).ok();
        assert!(!space.decide(3000));
        assert_eq!(reserve(), Some(1000));
        assert!(!space.decide(1000));
        assert!(space.decide(999));
        assert_eq!(reserve(), None);
        assert!(space.decide(2999));
        assert!(!space.decide(3000));
        assert!(Space::of(&store, 1000).unwrap().is_kept);
        assert!(Space::of(&store, 0).is_none());
    }
}
