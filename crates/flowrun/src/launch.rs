//! Giving a run a driver of its own.

use std::sync::Arc;

use flowrun_core::{Event, Run, RunId};
use flowrun_store::{Journal, StoreError};
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, info, info_span};

use crate::ancestry;
use crate::context::{RunShared, Within};
use crate::driver::{Driver, Watch, Work};
use crate::executor::NodeExecutors;
use crate::handle::RunHandle;
use crate::inner::Inner;
use crate::intake::Intake;
use crate::progress::{Progress, RunError};
use crate::reports::Reports;
use crate::stops::Stops;

/// A run with all it needs, and the event it begins or goes on with.
pub(crate) struct Ready {
    pub(crate) run: Run,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) executors: NodeExecutors,
    pub(crate) first: Event,
}

/// A run that has a driver. What it decided first may not be stored yet.
pub(crate) struct Launched {
    handle: RunHandle,
    stored: oneshot::Receiver<()>,
}

/// Why a run has no driver, or its driver could not store a thing.
pub(crate) enum NotLaunched {
    NoRuntime,
    ShutDown,
    Secrets(String),
    Store(StoreError),
    Lost,
}

impl Inner {
    pub(crate) fn launch(
        self: &Arc<Self>,
        store_id: [u8; 16],
        ready: Ready,
    ) -> Result<Launched, NotLaunched> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| NotLaunched::NoRuntime)?;
        let Ready { run, journal, executors, first } = ready;
        let (id, plan) = (run.id(), Arc::clone(run.plan()));
        let limits = run.spec().policy.clone();
        let secrets = self.secrets.now().map_err(NotLaunched::Secrets)?;
        let (requests_in, requests) = mpsc::channel(16);
        let (stored_in, stored) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let stops = Arc::<Stops>::default();
        let shared = Arc::new(RunShared {
            run: id,
            plan: Arc::clone(&plan),
            store_id,
            reports: Reports::new(Intake::room(&limits)),
            intake: Intake::new(secrets.redactor(), limits),
            secrets,
            rendering: self.rendering.clone().semantics(run.spec().semantics),
            stops: Arc::clone(&stops),
            clock: Arc::clone(&self.clock),
        });
        let handle = RunHandle {
            id,
            plan: Arc::clone(&plan),
            progress: Arc::clone(&progress),
            stops: Arc::clone(&stops),
            requests: requests_in,
            reader: journal.reader(),
        };
        let slots = self.slots.of_run(id, run.spec().site.site_url(), &plan);
        let slots = slots.started_by(ancestry::current());
        let driver = Driver {
            run,
            journal,
            executors,
            within: Arc::new(Within::new(Arc::clone(&shared), None)),
            shared,
            requests,
            watch: Watch::new(Arc::clone(&self.clock)),
            progress: Arc::clone(&progress),
            grace: self.grace,
            stored: Some(stored_in),
            slots,
            work: Work::default(),
        };
        {
            let mut open = self.open();
            if open.is_shut_down {
                return Err(NotLaunched::ShutDown);
            }
            open.runs.insert(id, handle.clone());
        }
        let registered = Registered { id, inner: Arc::clone(self), progress: Arc::clone(&handle.progress) };
        let span = info_span!("run", run = %id, flow = plan.flow().id().as_deref());
        let driven = async move {
            info!("run began");
            // Taken out of the engine's list whatever happens, a panic included.
            let _registered = registered;
            driver.drive(first).await;
        };
        runtime.spawn(ancestry::within(id, driven.instrument(span)));
        Ok(Launched { handle, stored })
    }
}

impl Launched {
    /// Waits until what the run decided first is stored.
    pub(crate) async fn stored(self) -> Result<RunHandle, NotLaunched> {
        if self.stored.await.is_ok() {
            return Ok(self.handle);
        }
        match self.handle.progress.wait_for_end().await {
            Err(RunError::Store(error)) => Err(NotLaunched::Store(error.clone())),
            Ok(_) | Err(RunError::Parked | RunError::Lost) => Err(NotLaunched::Lost),
        }
    }
}

/// Takes a run out of the engine's list when its driver is gone.
struct Registered {
    id: RunId,
    inner: Arc<Inner>,
    progress: Arc<Progress>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut open = self.inner.open();
        // Whoever waited for the end may have opened the run once more already: that entry is not ours.
        if open.runs.get(&self.id).is_some_and(|run| Arc::ptr_eq(&run.progress, &self.progress)) {
            open.runs.remove(&self.id);
        }
        drop(open);
        self.inner.changed.raise();
        // Does nothing after an ordinary end.
        self.progress.finish(Err(RunError::Lost));
    }
}
