//! `flowrun runs watch`: a run, as it goes on.

use flowrun::{RunId, RunUpdate};

use crate::access::{Access, Ask, Part, Standing};
use crate::args::ShowArgs;
use crate::commands::CommandError;
use crate::drive::{DriveError, exit_of_over};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::progress::Progress;
use crate::render::{self, plain};
use crate::screen::Screen;

use super::show::line;

/// Watches a run from its beginning to its end, or until nobody drives it.
pub(super) async fn watch(args: &ShowArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.of.store.path).await?;
    let run = access.find(&args.of.run).await?.id;
    let show = if args.journal { Show::Journal } else { Show::of(args.of.json) };
    watched(&access, run, 0, show, screen).await
}

/// What is shown of a run that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// What happens, and how it ended.
    Table,
    /// What happens, and the document at the end.
    Json,
    /// Every decision.
    Journal,
}

impl Show {
    pub(super) const fn of(is_json: bool) -> Self {
        if is_json { Self::Json } else { Self::Table }
    }
}

/// Watches a run that another process drives, or that lies there, from the event after a number on.
pub(super) async fn watched(
    access: &Access,
    run: RunId,
    after: u64,
    show: Show,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let mut interrupts = Interrupts::new().map_err(DriveError::Signals)?;
    let mut answer = access.ask(Ask::Watch { run, after });
    let (mut progress, mut stands) = (Progress::new(screen, None), None);
    loop {
        let part = tokio::select! {
            biased;
            part = answer.next() => part?,
            _ = interrupts.next() => {
                drop(progress);
                screen.note(&format!("run {run} goes on without being watched"));
                return Ok(Exit::Interrupted);
            }
        };
        match part {
            None => break,
            Some(Part::Event(event)) if show == Show::Journal => screen.data(&line(&event))?,
            Some(Part::Event(told)) => progress.show(&RunUpdate::Event(told.event), told.why.as_deref()),
            Some(Part::Lagged(count)) => progress.show(&RunUpdate::Lagged(count), None),
            Some(Part::Stands(standing)) => stands = Some(standing),
            Some(_) => return Err(answer.unexpected()),
        }
    }
    drop(progress);
    ended(access, run, &*stands.ok_or_else(|| answer.unexpected())?, show, screen)
}

/// Says that secrets were given in vain: the process that holds the store drives the run.
pub(super) fn note_secrets(are_given: bool, screen: &Screen) {
    if are_given {
        screen.note(
            "note: the process that holds the store uses its own secrets and settings, not those given here",
        );
    }
}

/// Shows how a run came out.
fn ended(
    access: &Access,
    run: RunId,
    stands: &Standing,
    show: Show,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let Some(exit) = exit_of_over(stands.status, stands.has_timed_out) else {
        let store = plain(&access.path().display().to_string());
        screen.note(&format!(
            "run {run} is left where it is; go on with it by `flowrun runs resume --store {store} {run}`"
        ));
        return Ok(Exit::Stopped);
    };
    match show {
        Show::Table => {
            screen.data(&render::table(&access.flow_run(&stands.document)?, &stands.reasons))?;
        }
        Show::Json => screen.data(&format!("{}\n", stands.document))?,
        Show::Journal => {}
    }
    Ok(exit)
}
