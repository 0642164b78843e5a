//! What the handles of an engine share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowrun_core::{RenderOptions, RunId, RunPolicy};

use crate::checked::CheckedPlans;
use crate::clock::Clock;
use crate::executors::Executors;
use crate::handle::RunHandle;
use crate::held::HeldStore;
use crate::secrets::Secrets;
use crate::signal::Signal;
use crate::slots::Slots;

/// What an engine is made of, and the runs that it drives.
pub(crate) struct Inner {
    pub(crate) executors: Executors,
    pub(crate) store: HeldStore,
    pub(crate) secrets: Secrets,
    pub(crate) rendering: RenderOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: RunPolicy,
    pub(crate) grace: Duration,
    pub(crate) slots: Arc<Slots>,
    pub(crate) open: Mutex<OpenRuns>,
    /// A run has left its driver.
    pub(crate) changed: Signal,
    pub(crate) checked: CheckedPlans,
}

/// The runs that have a driver.
#[derive(Default)]
pub(crate) struct OpenRuns {
    pub(crate) is_shut_down: bool,
    pub(crate) runs: BTreeMap<RunId, RunHandle>,
}

impl Inner {
    pub(crate) fn open(&self) -> MutexGuard<'_, OpenRuns> {
        // A panic elsewhere does not leave the list half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
