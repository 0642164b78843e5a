//! Starts runs or goes on with stored ones, and says how each came out.

use std::sync::Arc;
use std::time::Duration;

use flowrun::{
    Engine, FlowRun, ResumeError, Run, RunError, RunHandle, RunId, RunRequest, RunStatus, Skipped,
    StartError, StoreError,
};

use crate::access::{Desk, Driver, Holder};
use crate::exit::Exit;
use crate::interrupts::{Interrupt, Interrupts};
use crate::render::Reasons;
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::watch::{Keep, Watch};

/// A run that is no longer watched.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) id: RunId,
    /// The run, if it is over; else it was left where it is.
    pub(crate) run: Option<FlowRun>,
    /// Why nodes were skipped.
    pub(crate) skipped: Reasons,
    pub(crate) exit: Exit,
}

/// A run has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The run was not started.
    #[error("could not start the run")]
    Start(#[from] StartError),
    /// The stored run cannot go on.
    #[error("could not go on with the run")]
    Resume(#[from] ResumeError),
    /// The run did not end.
    #[error("the run did not end")]
    Run(#[from] RunError),
    /// The run cannot be watched.
    #[error("could not read the run's journal")]
    Events(#[from] StoreError),
    /// Signals cannot be taken.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
    /// Interrupted twice: whoever is in such a hurry gets no result.
    #[error("interrupted")]
    Abandoned {
        /// The command that goes on with what was left, if that can be.
        again: Option<String>,
    },
}

/// Starts a run and watches it to its end.
pub(crate) async fn drive(
    engine: &Engine,
    request: RunRequest,
    keep: Keep<'_>,
    screen: &Screen,
) -> Result<Driven, DriveError> {
    // Before the start, so that no interrupt falls between the two.
    let interrupts = Interrupts::new().map_err(DriveError::Signals)?;
    let run = engine.start(request).await?;
    if let Keep::In(store) = keep {
        screen.note(&format!("run {} is kept in {}", run.id(), store.display()));
    }
    let watch = Watch { engine, screen, keep, interrupts };
    let mut driven = watch.until_done(&[(run, 0)]).await?;
    Ok(driven.pop().expect("one run was watched"))
}

/// Does something with an engine on a store, and answers other processes about that store meanwhile.
pub(crate) async fn held<T>(
    engine: &Engine,
    file: &StoreFile,
    screen: &Screen,
    work: impl Future<Output = Result<T, DriveError>>,
) -> Result<T, DriveError> {
    let desk = Desk::new(Arc::clone(&file.store), Driver::Engine(engine.clone()));
    let holder = Holder::open(&file.path, Arc::new(desk), screen);
    let done = work.await;
    if !matches!(done, Err(DriveError::Abandoned { .. })) {
        // What others have asked for is left to the next process, and whoever watches it hears of that.
        engine.shutdown(Duration::ZERO).await;
        holder.close().await;
    }
    done
}

/// What a run says that is over; `None` for one that is not.
pub(crate) const fn exit_of_over(status: RunStatus, has_timed_out: bool) -> Option<Exit> {
    match status {
        RunStatus::Working => None,
        _ if has_timed_out => Some(Exit::Stopped),
        RunStatus::Passed => Some(Exit::Done),
        RunStatus::Failed => Some(Exit::RunFailed),
        RunStatus::Cancelled => Some(Exit::Stopped),
    }
}

impl Driven {
    /// A stored run that was over before.
    pub(crate) fn over(run: &Run, skipped: Reasons) -> Self {
        let exit = exit_of_over(run.status(), run.has_timed_out()).unwrap_or(Exit::Stopped);
        Self { id: run.id(), run: Some(run.to_flow_run()), skipped, exit }
    }

    /// How a run came out that nobody watches any more: it is over, or has lost its driver on purpose.
    pub(crate) async fn of(
        run: &RunHandle,
        skipped: &Skipped,
        interrupted: Option<Interrupt>,
    ) -> Result<Self, DriveError> {
        let skipped = Reasons::of(skipped, run.plan());
        match run.result().await {
            Ok(ended) => {
                Ok(Self { id: run.id(), run: Some(ended), skipped, exit: exit_of(run, interrupted) })
            }
            Err(RunError::Parked) => {
                // Uninterrupted it stopped by itself: it waits for a person.
                let exit = interrupted.map_or(Exit::Stopped, |_| Exit::Interrupted);
                Ok(Self { id: run.id(), run: None, skipped, exit })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn exit_of(run: &RunHandle, interrupted: Option<Interrupt>) -> Exit {
    match (run.state().status(), interrupted) {
        (RunStatus::Cancelled, Some(Interrupt::Keyboard)) if !run.has_timed_out() => Exit::Interrupted,
        (status, _) => exit_of_over(status, run.has_timed_out()).expect("the run is over"),
    }
}

/// What it says that a stored run cannot go on.
pub(crate) const fn exit_of_untouched(error: &ResumeError) -> Exit {
    match error {
        ResumeError::MissingSecrets(_) | ResumeError::Refused(_) => Exit::Refused,
        _ => Exit::NotFound,
    }
}
