//! A flat folder of small files, held open: nothing that is done later goes by its path, and no link is followed.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use crate::ArtefactError;

/// Names of files that are not whole yet.
const UNFINISHED: &str = ".new-";

/// A folder and a handle to it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    handle: OwnedFd,
}

impl Folder {
    /// Opens a folder, which is made when there is none. A link to one is refused.
    pub(crate) fn open(path: &Path) -> Result<Self, ArtefactError> {
        let failed = |action, source: io::Error| ArtefactError::Io { action, path: path.to_owned(), source };
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(failed("make the folder", error.into())),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| failed("open the folder", error.into()))?;
        Ok(Self { path: path.to_owned(), handle })
    }

    fn failed(&self, action: &'static str, name: &str, error: impl Into<io::Error>) -> ArtefactError {
        ArtefactError::Io { action, path: self.path.join(name), source: error.into() }
    }

    fn file(&self, name: &str, flags: OFlags) -> Result<File, rustix::io::Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR).map(File::from)
    }

    /// What a file holds; `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ArtefactError> {
        // A pipe that was put here would keep the reader waiting.
        let mut file = match self.file(name, OFlags::RDONLY | OFlags::NONBLOCK) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            opened => opened.map_err(|error| self.failed("open", name, error))?,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.failed("read", name, error))?;
        Ok(Some(bytes))
    }

    /// The size of a file; `None` when there is none, or something else by that name.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        let stat = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        u64::try_from(stat.st_size).ok().filter(|_| is_file)
    }

    /// Writes a file whole or not at all; one of that name is replaced. It is on the disk afterwards.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ArtefactError> {
        let unfinished = format!("{UNFINISHED}{name}");
        let written = self.write_new(&unfinished, bytes);
        let moved = written.and_then(|()| {
            rustix::fs::renameat(&self.handle, &*unfinished, &self.handle, name).map_err(io::Error::from)
        });
        if let Err(error) = moved {
            // What is in the way of others on a full disk is only this.
            let _ = rustix::fs::unlinkat(&self.handle, &*unfinished, AtFlags::empty());
            return Err(self.failed("write", name, error));
        }
        self.sync(name)
    }

    fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let _ = rustix::fs::unlinkat(&self.handle, name, AtFlags::empty());
        let mut file = self.file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Adds to the end of a file. It is on the disk afterwards; when it fails, the file is as it was.
    pub(crate) fn append(&self, name: &str, bytes: &[u8]) -> Result<(), ArtefactError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND;
        let mut file = self.file(name, flags).map_err(|error| self.failed("open", name, error))?;
        let length = file.metadata().map_err(|error| self.failed("look at", name, error))?.len();
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            let _ = file.set_len(length);
            return Err(self.failed("write", name, error));
        }
        self.sync(name)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), ArtefactError> {
        match rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => self.sync(name),
            Err(error) => Err(self.failed("delete", name, error)),
        }
    }

    fn sync(&self, name: &str) -> Result<(), ArtefactError> {
        rustix::fs::fsync(&self.handle).map_err(|error| self.failed("write", name, error))
    }

    /// The names of all files, sorted. Those that are not whole are deleted: nobody else is here.
    pub(crate) fn names(&self) -> Result<Vec<String>, ArtefactError> {
        let failed = |error| self.failed("list", "", error);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.handle).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name.starts_with(UNFINISHED) {
                self.remove(name)?;
            } else if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Copies files into another folder, but for those that are there already.
    pub(crate) fn copy_to<'a>(
        &self,
        names: impl IntoIterator<Item = &'a String>,
        other: &Self,
    ) -> Result<(), ArtefactError> {
        for name in names {
            let Some(bytes) = self.read(name)? else { continue };
            if other.read(name)?.is_none_or(|there| there != bytes) {
                other.write(name, &bytes)?;
            }
        }
        Ok(())
    }
}

/// Makes a folder for one's own eyes, and all above it.
pub(crate) fn make(path: &Path) -> Result<(), ArtefactError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let made = parent.map_or(Ok(()), fs::create_dir_all);
    made.map_err(|source| ArtefactError::Io { action: "make the folder", path: path.to_owned(), source })
}
