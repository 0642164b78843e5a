//! What waits to be written, and whether anything still may be.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use flowrun_core::RunId;
use futures::channel::oneshot;

use super::desk::Desk;
use super::format::{Description, Row, State};
use super::host::HostWork;
use super::journal::Claim;
use super::points::Points;
use crate::{NewRun, StoreError};

/// One thing for the writer to do.
pub(super) enum Work {
    Append(Queued),
    Delete(Delete),
    Host(HostWork),
}

/// An append that somebody waits for.
pub(super) struct Queued {
    pub(super) append: Append,
    /// Nobody else writes the run before this is done, even if its journal is dropped.
    pub(super) claim: Arc<Claim>,
    pub(super) reply: oneshot::Sender<Result<(), StoreError>>,
}

/// One decision of one run.
pub(super) struct Append {
    /// The number of the run in this store.
    pub(super) number: i64,
    /// What the run is made of, with its first decision.
    pub(super) new: Option<Box<(Description, NewRun)>>,
    /// In their order; at least one.
    pub(super) rows: Vec<Row>,
    /// The state before this decision, which the stored one must equal.
    pub(super) before: State,
    pub(super) after: State,
    pub(super) points: Points,
    pub(super) journal: Arc<Refusal>,
}

/// A journal as its appends know it: once one of them is refused, those that follow it are refused too.
pub(super) struct Refusal {
    pub(super) run: RunId,
    pub(super) told: OnceLock<StoreError>,
}

impl Refusal {
    pub(super) fn none(run: RunId) -> Arc<Self> {
        Arc::new(Self { run, told: OnceLock::new() })
    }

    /// Refuses an append that cannot be stored, and all that follow it.
    pub(super) fn refuse(&self, source: Arc<dyn Error + Send + Sync>) -> StoreError {
        self.told.get_or_init(|| StoreError::Unstorable { run: self.run, source }).clone()
    }
}

/// A run that is to go.
pub(super) struct Delete {
    pub(super) run: RunId,
    pub(super) reply: SyncSender<Result<(), StoreError>>,
}

/// The way to the writer thread.
///
/// What bounds the queue are the drivers: each waits once it has so many decisions that are not written.
pub(super) struct Queue {
    sender: Mutex<Option<mpsc::Sender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    health: Arc<Health>,
    pub(super) desk: Arc<Desk>,
}

impl Queue {
    /// A queue, and the thread that works it off.
    pub(super) fn new(health: Arc<Health>, desk: Desk) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let desk = Arc::new(desk);
        let at_desk = Arc::clone(&desk);
        let thread = std::thread::Builder::new().name("flowrun-store".into());
        let thread = thread.spawn(move || at_desk.work_off(&receiver))?;
        Ok(Self { sender: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), health, desk })
    }

    /// Hands work to the writer.
    pub(super) fn send(&self, work: Work) -> Result<(), StoreError> {
        self.health.check()?;
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        self.desk.expect(&work);
        let sent = sender.as_ref().is_some_and(|sender| sender.send(work).is_ok());
        if sent { Ok(()) } else { Err(self.health.gone()) }
    }

    /// Lets the writer finish what is queued, and waits for its end.
    pub(super) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A writer that panicked has left every waiter without an answer, which they take for a failure.
            let _ = thread.join();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether the store may still write.
#[derive(Default)]
pub(super) struct Health {
    failed: OnceLock<Arc<dyn Error + Send + Sync>>,
    is_low: AtomicBool,
    has_taken_over: AtomicBool,
}

/// The writer is not there.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct Closed;

impl Health {
    /// Whether a write may be tried.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failed.get().map_or(Ok(()), |source| Err(StoreError::FailStop { source: Arc::clone(source) }))
    }

    /// Nothing is written from here on.
    pub(super) fn fail(&self, source: Arc<dyn Error + Send + Sync>) {
        // The first failure is the one that is told.
        let _ = self.failed.set(source);
    }

    /// What is answered where no answer comes.
    pub(super) fn gone(&self) -> StoreError {
        self.check().err().unwrap_or_else(|| StoreError::FailStop { source: Arc::new(Closed) })
    }

    /// Runs were opened to be written on.
    pub(super) fn take_over(&self) {
        self.has_taken_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_taken_over(&self) -> bool {
        self.has_taken_over.load(Ordering::Relaxed)
    }

    /// Whether the disk is nearly full, so that no run is to be begun.
    pub(super) fn is_low(&self) -> bool {
        self.is_low.load(Ordering::Relaxed)
    }

    pub(super) fn set_low(&self, is_low: bool) {
        self.is_low.store(is_low, Ordering::Relaxed);
    }
}
