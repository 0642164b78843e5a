//! What several tests of the engine need.

use std::sync::Arc;

use flowrun::{
    Journal, JournalReader, MemoryStore, NewRun, RunFilter, RunId, RunSummary, Store, StoreError, StoredRun,
};

type Wrap = dyn Fn(Box<dyn Journal>) -> Box<dyn Journal> + Send + Sync;

/// A store in memory whose journals a test has put something around. Nobody knows whether whoever had it before let go of
/// it in order.
#[derive(Clone)]
pub(crate) struct WrappedStore {
    store: Arc<MemoryStore>,
    wrap: Arc<Wrap>,
}

impl WrappedStore {
    pub(crate) fn new(wrap: impl Fn(Box<dyn Journal>) -> Box<dyn Journal> + Send + Sync + 'static) -> Self {
        Self { store: Arc::default(), wrap: Arc::new(wrap) }
    }
}

impl Store for WrappedStore {
    fn id(&self) -> [u8; 16] {
        self.store.id()
    }
    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }
    fn epoch(&self) -> u64 {
        self.store.epoch()
    }
    fn create(&self, run: NewRun) -> Result<Box<dyn Journal>, StoreError> {
        self.store.create(run).map(|journal| (self.wrap)(journal))
    }
    fn open(&self, run: RunId) -> Result<(StoredRun, Box<dyn Journal>), StoreError> {
        self.store.open(run).map(|(stored, journal)| (stored, (self.wrap)(journal)))
    }
    fn reader(&self, run: RunId) -> Result<Arc<dyn JournalReader>, StoreError> {
        self.store.reader(run)
    }
    fn runs(&self, which: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.store.runs(which)
    }
    fn delete(&self, run: RunId) -> Result<(), StoreError> {
        self.store.delete(run)
    }
}
