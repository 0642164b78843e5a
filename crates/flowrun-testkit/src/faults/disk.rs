//! What a disk holds, and when it refuses.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::power::{Change, Recording};
use super::vfs;

/// The contents of all files of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(pub BTreeMap<String, Vec<u8>>);

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every operation from this one on is an I/O error.
    Error,
    /// This operation alone is an I/O error; the next ones succeed.
    ErrorOnce,
    /// From this operation on nothing can be written for want of space.
    Full,
    /// Half of this write is written, then it is an I/O error.
    Short,
}

/// Files in memory, for stores whose [`vfs`](flowrun_store::SqliteOptions::vfs) is [`Disk::name`].
///
/// A registered VFS stays for the life of the process, so use one disk for many images.
#[derive(Clone)]
pub struct Disk {
    name: String,
    model: Arc<Mutex<Model>>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    Sync,
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Do,
    Fail,
    Full,
    Short,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    start: Image,
    changes: Option<Vec<Change>>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    fired: u64,
}

impl Disk {
    /// A disk with one empty file of that name.
    #[must_use]
    pub fn new(file: impl Into<String>) -> Self {
        let model = Arc::new(Mutex::new(Model::default()));
        lock(&model).files.insert(file.into(), Vec::new());
        Self { name: vfs::register(Arc::clone(&model)), model }
    }

    /// The name of its VFS.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub fn image(&self) -> Image {
        Image(lock(&self.model).files.clone())
    }

    /// Makes it hold that, and work without faults. Nobody may have a file open.
    pub fn load(&self, image: &Image) {
        *lock(&self.model) = Model { files: image.0.clone(), ..Model::default() };
    }

    /// Fails at operation `number`, counted from 0 as from here.
    pub fn fail_at(&self, number: u64, fault: Fault) {
        let mut model = lock(&self.model);
        (model.operations, model.fired) = (0, 0);
        model.fault = Some((number, fault));
    }

    /// Works again.
    pub fn repair(&self) {
        lock(&self.model).fault = None;
    }

    /// Operations since the last [`fail_at`](Self::fail_at) or [`load`](Self::load).
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.model).operations
    }

    /// How many of them were refused.
    #[must_use]
    pub fn fired(&self) -> u64 {
        lock(&self.model).fired
    }

    /// Writes down what is done from here on. What is there counts as synced.
    pub fn record(&self) {
        let mut model = lock(&self.model);
        model.start = Image(model.files.clone());
        model.changes = Some(Vec::new());
    }

    /// Writes down that something was promised, such as an append that was acknowledged.
    pub fn mark(&self, promise: u64) {
        lock(&self.model).note(Change::Mark(promise));
    }

    /// What was done since [`record`](Self::record).
    #[must_use]
    pub fn recording(&self) -> Recording {
        let model = lock(&self.model);
        Recording { start: model.start.clone(), changes: model.changes.clone().unwrap_or_default() }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Model {
    /// Counts an operation and says what becomes of it.
    pub(super) fn judge(&mut self, kind: Kind) -> Verdict {
        let number = self.operations;
        self.operations += 1;
        let Some((at, fault)) = self.fault else { return Verdict::Do };
        let verdict = match fault {
            Fault::Error if number >= at => Verdict::Fail,
            Fault::ErrorOnce if number == at => Verdict::Fail,
            Fault::Full if number >= at && kind == Kind::Write => Verdict::Full,
            Fault::Short if number == at && kind == Kind::Write => Verdict::Short,
            Fault::Error | Fault::ErrorOnce | Fault::Full | Fault::Short => Verdict::Do,
        };
        self.fired += u64::from(verdict != Verdict::Do);
        verdict
    }

    pub(super) fn write(&mut self, name: &str, offset: usize, data: &[u8]) {
        let Some(file) = self.files.get_mut(name) else { return };
        put(file, offset, data);
        self.note(Change::Write { name: name.to_owned(), offset, data: data.to_owned() });
    }

    pub(super) fn truncate(&mut self, name: &str, size: usize) {
        let Some(file) = self.files.get_mut(name) else { return };
        file.resize(size, 0);
        self.note(Change::Truncate { name: name.to_owned(), size });
    }

    pub(super) fn note(&mut self, change: Change) {
        if let Some(changes) = &mut self.changes {
            changes.push(change);
        }
    }
}

/// Writes into a file, with zeros up to where it begins.
pub(super) fn put(file: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(data);
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
