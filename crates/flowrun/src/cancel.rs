//! Cancelling and pausing runs by their id, also those that no driver has.

use flowrun_core::{Event, FlowRun, Run, RunId};
use flowrun_store::{Journal, Store};

use crate::engine::Engine;
use crate::failpoint::failpoint;
use crate::handle::RunHandle;
use crate::inner::Inner;
use crate::progress::{Request, RunError};
use crate::recover::ResumeError;

impl Engine {
    /// Cancels an open run and gives how it ended. One that is at work here is told to stop; one that another
    /// process left behind is closed without starting anything, so neither secrets nor settings are needed.
    ///
    /// # Errors
    ///
    /// [`ResumeError`]; a run that is over is rejected.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not be cancelled.
    pub async fn cancel(&self, run: RunId) -> Result<FlowRun, ResumeError> {
        let driven = self.inner.open().runs.get(&run).cloned();
        let Some(RunHandle { requests, progress, stops, .. }) = driven else {
            return self.inner.cancel_stored(run).await;
        };
        stops.ask_to_cancel();
        // A driver that is gone has left the end of its run behind.
        let _ = requests.send(Request::Cancel).await;
        match progress.wait_for_end().await {
            Ok(run) => Ok(run.to_flow_run()),
            Err(RunError::Store(error)) => Err(error.clone().into()),
            Err(RunError::Parked | RunError::Lost) => Err(ResumeError::Lost),
        }
    }

    /// Pauses an open run: nothing new starts, what is at work here may finish. One that another process left behind
    /// stays paused when it is taken up, until somebody resumes it; neither secrets nor settings are needed.
    ///
    /// # Errors
    ///
    /// [`ResumeError`]; a run that is over is rejected.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not be paused.
    pub async fn pause(&self, run: RunId) -> Result<(), ResumeError> {
        if let Some(driven) = self.run(run) {
            driven.pause().await;
            return Ok(());
        }
        let store = self.inner.store.borrow().ok_or(ResumeError::ShutDown)?;
        let (mut run, mut journal) = self.inner.opened(&*store, run)?;
        let at = self.inner.clock.now();
        let decision = run.handle(at, Event::PauseRequested)?;
        Ok(journal.append(at, decision.records).done().await?)
    }
}

impl Inner {
    /// A stored run with its journal.
    fn opened(&self, store: &dyn Store, run: RunId) -> Result<(Run, Box<dyn Journal>), ResumeError> {
        let (stored, journal) = store.open(run)?;
        Ok((stored.replay(self.executors.task_types())?, journal))
    }

    async fn cancel_stored(&self, run: RunId) -> Result<FlowRun, ResumeError> {
        let store = self.store.borrow().ok_or(ResumeError::ShutDown)?;
        let (mut run, mut journal) = self.opened(&*store, run)?;
        // In this order, so that what was lost with the other process is not tried again.
        for event in [Event::CancelRequested, Event::Recovered { epoch: store.epoch() }] {
            if matches!(event, Event::Recovered { .. }) && run.is_over() {
                break;
            }
            let at = self.clock.now();
            let decision = run.handle(at, event)?;
            failpoint!("c12");
            journal.append(at, decision.records).done().await?;
            failpoint!("c12_after");
        }
        Ok(run.to_flow_run())
    }
}
