//! What a place for runs can do.

use std::sync::Arc;

use flowrun_core::{RunId, Timestamp};

use crate::maintenance::delete_closed;
use crate::{
    Journal, JournalReader, Maintenance, NewRun, Retention, RunFilter, RunSummary, StoreError, StoredRun,
};

/// An opened run: what it is made of with all lines of its journal, and the journal to write on.
pub type Opened = (StoredRun, Box<dyn Journal>);

/// A place for runs and their journals.
///
/// A run is there from its first append on, and its id is never free again: deleting leaves a tombstone.
/// Every method answers from what is committed and [published](Journal::publish). They may read from a disk and so block for as long as that
/// takes; none waits for another run.
pub trait Store: Send + Sync + 'static {
    /// Bytes that no other store has: they make the idempotency keys of this store's runs unguessable. They
    /// stay the same over restarts, as the keys must.
    fn id(&self) -> [u8; 16];

    /// Whether what is committed here is lost when the process ends.
    fn is_volatile(&self) -> bool;

    /// The number of this opening of the store, from 1. It grows, durably, each time the store is opened, so
    /// that what an earlier owner left behind can be told from one's own.
    fn epoch(&self) -> u64;

    /// Whether whoever had the store before let go of it in order: what was at work then was dropped, and did not end
    /// its process. Default: nobody knows, which counts as no.
    fn was_closed(&self) -> bool {
        false
    }

    /// Opens the journal of a new run. Nothing is stored before its first append, which stores what the run
    /// is made of in the same transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] when there is a run of this id, or was one.
    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError>;

    /// Opens a stored run to write on: what it is made of, all lines of its journal, and the journal.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while another journal of the run is held;
    /// [`StoreError::Incomplete`] when its first lines are no longer kept; [`StoreError::Damaged`].
    fn open(&self, run: RunId) -> Result<Opened, StoreError>;

    /// Opens many runs as [`open`](Self::open) opens each of them, and answers in their order. A store can read
    /// them together, which costs less; all of them are held in memory at once. Default: one after the other.
    fn open_many(&self, runs: &[RunId]) -> Vec<Result<Opened, StoreError>> {
        runs.iter().map(|run| self.open(*run)).collect()
    }

    /// A reader of a stored run, open or closed. It needs no writer and outlives one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError>;

    /// The stored runs that the filter lets through, the one created last first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read.
    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;

    /// Deletes a closed run, whole or not at all. Its id stays taken.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::StillOpen`] when the run is not closed; [`StoreError::InUse`]
    /// while a journal of it is held.
    fn delete(&self, run: RunId) -> Result<(), StoreError>;

    /// Deletes the closed runs that are not to be kept, and says how many. `now` is what ages are counted back from. A
    /// run that somebody writes stays. Default: by what [`runs`](Self::runs) lists, with [`delete`](Self::delete).
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was deleted before stays deleted.
    fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
        let mut closed = self.runs(&RunFilter::default())?;
        closed.retain(|run| run.status.is_over());
        closed.sort_by_key(|run| std::cmp::Reverse(run.updated));
        delete_closed(self, closed.into_iter().map(|run| (run.id, run.updated)), keep, now)
    }

    /// What the store can do for whoever looks after it: backups, figures, verifying. Default: nothing.
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        None
    }
}

/// Whoever keeps a clone of the pointer has the store beside the engine that it was given to.
macro_rules! pointer {
    ($pointer:ident) => {
        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn id(&self) -> [u8; 16] {
                (**self).id()
            }

            fn is_volatile(&self) -> bool {
                (**self).is_volatile()
            }

            fn epoch(&self) -> u64 {
                (**self).epoch()
            }

            fn was_closed(&self) -> bool {
                (**self).was_closed()
            }

            fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
                (**self).create(run)
            }

            fn open(&self, run: RunId) -> Result<Opened, StoreError> {
                (**self).open(run)
            }

            fn open_many(&self, runs: &[RunId]) -> Vec<Result<Opened, StoreError>> {
                (**self).open_many(runs)
            }

            fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
                (**self).reader(run)
            }

            fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
                (**self).runs(which)
            }

            fn delete(&self, run: RunId) -> Result<(), StoreError> {
                (**self).delete(run)
            }

            fn retain(&self, keep: &Retention, now: Timestamp) -> Result<u64, StoreError> {
                (**self).retain(keep, now)
            }

            fn maintenance(&self) -> Option<&dyn Maintenance> {
                (**self).maintenance()
            }
        }
    };
}

pointer!(Arc);
pointer!(Box);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    #[test]
    fn a_pointer_to_a_store_is_that_store() {
        let store = Arc::new(MemoryStore::default());
        let (shared, boxed): (Arc<dyn Store>, Box<dyn Store>) = (store.clone(), Box::new(store.clone()));
        let ids = [store.id(), Store::id(&shared), Store::id(&boxed)];
        assert_eq!(ids, [store.id(); 3]);
        let spec = flowrun_core::RunSpec::new(
            RunId::from_bytes([1; 16]),
            flowrun_core::Timestamp::EPOCH,
            flowrun_core::Site::new("https://example.com"),
        );
        let mut journal = shared.create(NewRun::new(spec, r#"{"nodes":[],"edges":[]}"#)).unwrap();
        let _written =
            journal.append(flowrun_core::Timestamp::EPOCH, &mut vec![flowrun_core::Record::RunStarted]);
        journal.publish();
        assert_eq!(boxed.runs(&RunFilter::default()).unwrap(), store.runs(&RunFilter::default()).unwrap());
        assert_eq!(boxed.runs(&RunFilter::default()).unwrap().len(), 1);
        assert_eq!(boxed.maintenance().unwrap().stats().unwrap().runs, 1);
    }
}
