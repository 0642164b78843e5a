//! Looking after a store: old runs, backups, figures, and whether it is what was written.

use std::path::Path;
use std::time::Duration;

use flowrun_core::{RunId, TaskTypes, Timestamp};

use crate::{Store, StoreError};

/// What a store can do beside keeping runs, for whoever looks after it. [`Store::maintenance`](crate::Store::maintenance)
/// hands it out. Everything here blocks, some of it for as long as reading the whole store takes; runs go on meanwhile.
pub trait Maintenance: Send + Sync {
    /// Copies the store to a new file at `path`, as it is at this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; there is no file then. A file that is there already is not touched.
    fn backup(&self, path: &Path) -> Result<(), StoreError>;

    /// Figures of the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    fn stats(&self) -> Result<StoreStats, StoreError>;

    /// Looks at everything that is stored, and replays each journal with the flow of its run, which may name `types`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read to its end. What is damaged is no error but one of the
    /// [`problems`](Verified::problems).
    fn verify(&self, types: &TaskTypes) -> Result<Verified, StoreError>;
}

/// Which closed runs to keep. The default keeps all of them; open runs are always kept.
///
/// ```
/// use std::time::Duration;
/// use flowrun_core::Timestamp;
/// use flowrun_store::Retention;
///
/// let day = Duration::from_secs(24 * 3600);
/// let keep = Retention::default().age(30 * day).count(1_000);
/// let now = Timestamp::EPOCH.after(100 * day);
/// assert!(keep.keeps(Timestamp::EPOCH.after(70 * day), 999, now));
/// assert!(!keep.keeps(Timestamp::EPOCH.after(69 * day), 0, now), "it is too old");
/// assert!(!keep.keeps(now, 1_000, now), "a thousand others are newer");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Retention {
    /// Runs whose last line is older than this go. Default: never.
    pub age: Option<Duration>,
    /// Of the closed runs, so many stay at most: those that ended last. Default: no limit.
    pub count: Option<usize>,
}

impl Retention {
    /// Sets the greatest age.
    #[must_use]
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// Sets the greatest number.
    #[must_use]
    pub const fn count(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Whether a closed run stays that was changed at `updated`, and after which `newer` others were. For stores.
    #[must_use]
    pub fn keeps(&self, updated: Timestamp, newer: usize, now: Timestamp) -> bool {
        let is_young = self.age.is_none_or(|age| updated.after(age) >= now);
        is_young && self.count.is_none_or(|count| newer < count)
    }
}

/// Deletes those of the closed runs that are not to be kept: they come with their last change, the newest first.
pub(crate) fn delete_closed(
    store: &(impl Store + ?Sized),
    closed: impl IntoIterator<Item = (RunId, Timestamp)>,
    keep: &Retention,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (newer, (run, updated)) in closed.into_iter().enumerate() {
        if keep.keeps(updated, newer, now) {
            continue;
        }
        match store.delete(run) {
            Ok(()) => deleted += 1,
            // Somebody runs it again, or was faster.
            Err(StoreError::InUse(_) | StoreError::StillOpen(_) | StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}

/// Figures of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Stored runs.
    pub runs: u64,
    /// Those of them that are not closed.
    pub open: u64,
    /// Lines of all journals.
    pub lines: u64,
    /// Different flows.
    pub flows: u64,
    /// Runs that were deleted; their ids stay taken.
    pub deleted: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How much of that waits to be used again.
    pub free_bytes: u64,
    /// How often the store was opened.
    pub epoch: u64,
}

/// What a look at a whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Runs that were looked at.
    pub runs: u64,
    /// Lines of their journals.
    pub lines: u64,
    /// What is not as it was written, a sentence each; none in a sound store.
    pub problems: Vec<String>,
    /// Runs whose journals were read and not replayed, a sentence each: their flows name task types that whoever
    /// looks does not know. That is no problem of the store.
    pub not_replayed: Vec<String>,
}

impl Verified {
    /// Whether everything is as it was written.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }
}
