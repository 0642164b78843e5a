//! Runs one plan to its end while people watch, and says how it ended.

use std::sync::Arc;

use flowrun::{Engine, FlowRun, Plan, RunError, RunHandle, RunRequest, RunStatus, StartError, StoreError};

use crate::exit::Exit;
use crate::interrupts::{Interrupt, Interrupts};
use crate::progress::Progress;
use crate::screen::Screen;

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) run: FlowRun,
    pub(crate) exit: Exit,
}

/// A run has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The run was not started.
    #[error("could not start the run")]
    Start(#[from] StartError),
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
    Abandoned,
}

/// Starts a run and watches it to its end. The first interrupt cancels it, the second abandons it.
pub(crate) async fn drive(
    engine: &Engine,
    plan: &Arc<Plan>,
    request: RunRequest,
    screen: &Screen,
) -> Result<Driven, DriveError> {
    let mut interrupts = Interrupts::new().map_err(DriveError::Signals)?;
    let handle = engine.start(request).await?;
    let mut events = handle.events();
    let mut progress = Progress::new(plan, screen);
    let mut interrupted = None;
    loop {
        let interrupt = tokio::select! {
            watched = events.next() => match watched? {
                Some(watched) => {
                    progress.show(&watched);
                    continue;
                }
                None => break,
            },
            interrupt = interrupts.next() => interrupt,
        };
        if interrupted.replace(interrupt).is_some() {
            return Err(DriveError::Abandoned);
        }
        handle.cancel().await;
    }
    drop(progress);
    let run = handle.finished().await?;
    let exit = exit_of(&handle, interrupted);
    Ok(Driven { run, exit })
}

fn exit_of(handle: &RunHandle, interrupted: Option<Interrupt>) -> Exit {
    if handle.has_timed_out() {
        return Exit::Stopped;
    }
    match (handle.status(), interrupted) {
        (RunStatus::Passed, _) => Exit::Done,
        (RunStatus::Failed, _) => Exit::RunFailed,
        (RunStatus::Cancelled, Some(Interrupt::Keyboard)) => Exit::Interrupted,
        (RunStatus::Cancelled, None | Some(Interrupt::Terminate)) => Exit::Stopped,
        (RunStatus::Working, _) => unreachable!("the events end with the run"),
    }
}
