//! Watches runs until they are over or at rest, tells people what happens, and stops them when asked to.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use flowrun::{Engine, RunHandle, RunId, RunStatus, RunUpdate, Skipped, StoreError};
use futures::stream::{BoxStream, FuturesUnordered, SelectAll};
use futures::{FutureExt as _, StreamExt as _};

use crate::drive::{DriveError, Driven};
use crate::interrupts::Interrupts;
use crate::progress::{Progress, why_skipped};
use crate::render::plain;
use crate::screen::Screen;

/// How long what works may go on once the runs are to be left.
const GRACE: Duration = Duration::from_secs(5);

/// What becomes of runs that are interrupted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep<'a> {
    /// They are cancelled: they would not survive the process anyway.
    Nothing,
    /// They are left where they are, in the store of this name.
    In(&'a Path),
}

/// Who watches runs, and what becomes of them.
pub(crate) struct Watch<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) screen: &'a Screen,
    pub(crate) keep: Keep<'a>,
    pub(crate) interrupts: Interrupts,
}

/// Something that came of the run at this place in the list.
enum Seen {
    /// There is something to tell.
    News(usize, Box<RunUpdate>),
    /// It is over, or at rest.
    Over(usize),
}

impl Watch<'_> {
    /// Watches runs, each from the event after the number beside it. An interrupt cancels them, or leaves
    /// them once what works has ended; a second one does not wait for anything.
    pub(crate) async fn until_done(mut self, runs: &[(RunHandle, u64)]) -> Result<Vec<Driven>, DriveError> {
        let mut progress: Vec<Progress<'_>> = runs
            .iter()
            .map(|(run, _)| Progress::new(self.screen, (runs.len() > 1).then(|| run.id())))
            .collect();
        let mut skipped = vec![Skipped::default(); runs.len()];
        let mut seen: SelectAll<_> =
            runs.iter().enumerate().map(|(place, run)| self.seen_of(place, run)).collect();
        let mut at_rest: FuturesUnordered<_> = match self.keep {
            Keep::Nothing => {
                runs.iter().map(|(run, _)| run.wait_until_at_rest().map(move |()| run)).collect()
            }
            Keep::In(_) => FuturesUnordered::new(),
        };
        let mut open: BTreeSet<usize> = (0..runs.len()).collect();
        let mut interrupted = None;
        let grace = tokio::time::sleep(Duration::MAX);
        tokio::pin!(grace);
        while !open.is_empty() {
            tokio::select! {
                biased;
                Some(seen) = seen.next() => match seen? {
                    Seen::News(place, update) => {
                        let mut why = None;
                        if let RunUpdate::Event(event) = &*update {
                            skipped[place].note(&event.record);
                            why = why_skipped(&event.record, runs[place].0.plan(), &skipped[place]);
                        }
                        progress[place].show(&update, why.as_deref());
                    }
                    Seen::Over(place) => drop(open.remove(&place)),
                },
                // There is no other process in which a person could let it go on.
                Some(run) = at_rest.next() => run.cancel().await,
                interrupt = self.interrupts.next() => {
                    if interrupted.replace(interrupt).is_some() {
                        return Err(DriveError::Abandoned { again: self.again(runs) });
                    }
                    self.stop(runs).await;
                    grace.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
                () = &mut grace, if matches!(self.keep, Keep::In(_)) && interrupted.is_some() => break,
            }
        }
        drop(progress);
        if runs.iter().any(|(run, _)| run.state() == RunStatus::Working) {
            // They are at rest, or had the time to come to it.
            self.engine.shutdown(Duration::ZERO).await;
        }
        let mut driven = Vec::with_capacity(runs.len());
        for ((run, _), skipped) in runs.iter().zip(&skipped) {
            driven.push(Driven::of(run, skipped, interrupted).await?);
        }
        Ok(driven)
    }

    /// Brings the runs to a stop that loses nothing.
    async fn stop(&self, runs: &[(RunHandle, u64)]) {
        if let Keep::In(_) = self.keep {
            let seconds = GRACE.as_secs();
            self.screen.note(&format!(
                "stopping: nothing new starts, and what works has {seconds} s to finish; \
                 interrupt again to stop at once, and it can be resumed all the same"
            ));
        }
        for (run, _) in runs {
            match self.keep {
                Keep::Nothing => run.cancel().await,
                Keep::In(_) => run.pause().await,
            }
        }
    }

    /// What comes of one run, until it is over, or at rest where it can be let go on later.
    fn seen_of(
        &self,
        place: usize,
        (run, after): &(RunHandle, u64),
    ) -> BoxStream<'static, Result<Seen, StoreError>> {
        let events = run.events_after(*after);
        let events = match self.keep {
            Keep::Nothing => events,
            Keep::In(_) => events.until_rest(),
        };
        let news = events.into_stream().map(move |watched| Ok(Seen::News(place, Box::new(watched?))));
        news.chain(futures::stream::once(async move { Ok(Seen::Over(place)) })).boxed()
    }

    /// How to go on with what is left.
    fn again(&self, runs: &[(RunHandle, u64)]) -> Option<String> {
        let Keep::In(store) = self.keep else { return None };
        let only = if let [(run, _)] = runs { Some(run.id()) } else { None };
        Some(resume_command(store, only))
    }
}

/// The command that goes on with a run, or with all that are open.
pub(crate) fn resume_command(store: &Path, run: Option<RunId>) -> String {
    let store = plain(&store.display().to_string());
    match run {
        Some(run) => format!("flowrun resume --store {store} {run}"),
        None => format!("flowrun resume --store {store}"),
    }
}
