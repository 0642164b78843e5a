//! The engine's hold on its store, until it is shut down.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_store::Store;
use tracing::warn;

use crate::contain;
use crate::signal::Signal;

/// The store of an engine. Whoever needs it borrows it, so that it is known when nobody does.
pub(crate) struct HeldStore {
    is_volatile: bool,
    held: Mutex<Held>,
    given_back: Signal,
}

struct Held {
    /// `None` once the engine is shut down.
    store: Option<Arc<dyn Store>>,
    borrowers: usize,
}

impl HeldStore {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let is_volatile = store.is_volatile();
        let held = Mutex::new(Held { store: Some(store), borrowers: 0 });
        Self { is_volatile, held, given_back: Signal::default() }
    }

    pub(crate) const fn is_volatile(&self) -> bool {
        self.is_volatile
    }

    /// The store; `None` once it is let go of.
    pub(crate) fn borrow(&self) -> Option<BorrowedStore<'_>> {
        let mut held = self.lock();
        let store = held.store.clone()?;
        held.borrowers += 1;
        Some(BorrowedStore { store: Some(store), from: self })
    }

    /// Waits until nobody has borrowed the store, and lets go of it. That closes it, unless somebody outside holds it.
    pub(crate) async fn let_go(&self) {
        let free = || {
            let mut held = self.lock();
            (held.borrowers == 0).then(|| held.store.take())
        };
        let Some(store) = self.given_back.until(free).await else { return };
        let close = move || {
            if contain::discard(store).is_err() {
                warn!("store panicked when it was closed");
            }
        };
        // It may wait for a disk.
        match tokio::runtime::Handle::try_current() {
            // A runtime that is being shut down runs no more of these, but drops them.
            Ok(runtime) => drop(runtime.spawn_blocking(close).await),
            Err(_) => close(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere does not leave the hold half changed.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store in the hands of somebody who gives it back.
pub(crate) struct BorrowedStore<'a> {
    /// `None` while it is being given back.
    store: Option<Arc<dyn Store>>,
    from: &'a HeldStore,
}

impl Deref for BorrowedStore<'_> {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        self.store.as_deref().expect("it is there until it is given back")
    }
}

impl Drop for BorrowedStore<'_> {
    fn drop(&mut self) {
        // Before it counts as given back.
        self.store = None;
        self.from.lock().borrowers -= 1;
        self.from.given_back.raise();
    }
}
