//! `flowrun resume`: goes on with runs that a process left behind.

use std::path::Path;

use flowrun::{Engine, ResumeError, RunFilter, RunHandle, RunId, Store as _};
use url::Url;

use super::{CommandError, shown};
use crate::access::{Access, HeldError};
use crate::args::ResumeArgs;
use crate::configure::configure;
use crate::drive::{DriveError, Driven, exit_of_untouched, held};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::settings::Layer;
use crate::store_file::StoreFile;
use crate::stored::{Stored, addresses};
use crate::watch::{Keep, Watch, resume_command};
use crate::wiring;

/// Goes on with one run, or with all that are open. What cannot go on is named and left untouched.
pub(crate) fn resume(args: ResumeArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let settings = configure(args.with.settings, args.with.secrets)?;
    let file = StoreFile::open(&args.store.path)?;
    super::block_on(resumed(file, args.run.as_deref(), &settings, args.with.json, screen))?
}

/// Goes on with runs of a store that this process holds.
pub(super) async fn resumed(
    mut file: StoreFile,
    named: Option<&str>,
    settings: &Layer,
    is_json: bool,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let path = file.path.clone();
    let mut round = Round::new(&path, screen);
    if let Some(text) = named {
        let access = Access::of(file);
        let run = access.find(text).await?;
        file = access.into_file().map_err(|access| HeldError::Silent(access.path().to_owned()))?;
        let stored = Stored::read(&file.store, run.id)?;
        if stored.run.is_over() {
            screen.note(&format!("run {} is over already", run.id));
            return shown::one(&Driven::over(&stored.run, stored.reasons()), None, is_json, screen);
        }
        round.take(run.id, &stored);
    } else {
        for run in file.store.runs(&RunFilter::default().open())? {
            round.consider(run.id, &file);
        }
    }
    let artefacts = file.artefacts()?;
    let executors = wiring::executors_with(settings, &round.addresses, |scan| scan.artefacts(artefacts))?;
    let engine = wiring::engine_on(executors, file.store.clone())?;
    let driven = held(&engine, &file, screen, round.drive(&engine)).await?;
    if driven.is_empty() && round.exit == Exit::Done {
        screen.note(&format!("nothing to resume in {}: every run is over", path.display()));
    }
    let exit = match (named, &driven[..]) {
        (Some(_), [driven]) => shown::one(driven, Some(&path), is_json, screen)?,
        _ => shown::several(&driven, &path, is_json, screen)?,
    };
    Ok(round.exit.or(exit))
}

/// The runs that are to go on, and what became of the others.
struct Round<'a> {
    store: &'a Path,
    screen: &'a Screen,
    taken: Vec<Taken>,
    /// Where the sites of those runs are.
    addresses: Vec<Url>,
    /// What the runs say that were left out.
    exit: Exit,
}

/// A run that is to go on.
struct Taken {
    id: RunId,
    /// The last line of its journal so far.
    seq: u64,
    is_paused: bool,
}

impl<'a> Round<'a> {
    const fn new(store: &'a Path, screen: &'a Screen) -> Self {
        Self { store, screen, taken: Vec::new(), addresses: Vec::new(), exit: Exit::Done }
    }

    fn take(&mut self, id: RunId, stored: &Stored) {
        self.addresses.extend(addresses(&stored.run.spec().site));
        self.taken.push(Taken { id, seq: stored.last(), is_paused: stored.run.is_paused() });
    }

    /// Takes the run if nothing stands against it. One that waits for a person goes on when it is named.
    fn consider(&mut self, run: RunId, file: &StoreFile) {
        match Stored::read(&file.store, run) {
            Ok(stored) if stored.run.held().next().is_some() => {
                let how = resume_command(self.store, Some(run));
                self.leave(run, &format!("it waits for a person; `{how}` lets it go on"), Exit::Stopped);
            }
            Ok(stored) => self.take(run, &stored),
            Err(error) => {
                let exit = error.exit();
                self.leave(run, &format!("{:#}", anyhow::Error::from(error)), exit);
            }
        }
    }

    fn leave(&mut self, run: RunId, why: &str, exit: Exit) {
        self.screen.note(&format!("run {run} is left untouched: {why}"));
        self.exit = self.exit.or(exit);
    }

    async fn drive(&mut self, engine: &Engine) -> Result<Vec<Driven>, DriveError> {
        let interrupts = Interrupts::new().map_err(DriveError::Signals)?;
        let mut runs: Vec<(RunHandle, u64)> = Vec::new();
        for Taken { id, seq, is_paused } in std::mem::take(&mut self.taken) {
            match engine.resume(id).await {
                Ok(run) => {
                    if is_paused {
                        run.resume().await;
                    }
                    runs.push((run, seq));
                }
                // Whatever is wrong with the store is wrong for the other runs too.
                Err(error @ ResumeError::Store(_)) => return Err(error.into()),
                Err(error) => {
                    let exit = exit_of_untouched(&error);
                    self.leave(id, &format!("{:#}", anyhow::Error::from(error)), exit);
                }
            }
        }
        let watch = Watch { engine, screen: self.screen, keep: Keep::In(self.store), interrupts };
        watch.until_done(&runs).await
    }
}
