//! `flowrun runs rerun`: nodes of a run that is over, once more.

use super::watch::{Show, note_secrets, watched};
use crate::access::{Access, what};
use crate::args::RerunArgs;
use crate::commands::{CommandError, shown};
use crate::configure::configure;
use crate::drive::{DriveError, held};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::stored::{Stored, addresses};
use crate::watch::{Keep, Watch};
use crate::wiring;

/// Does what failed, or a node that is named, once more with everything below it: in the process that holds the store, or
/// in this one.
pub(super) async fn rerun(args: RerunArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let has_secrets = !args.with.secrets.is_empty();
    let settings = configure(args.with.settings, args.with.secrets)?;
    let access = Access::open(&args.store.path).await?;
    let found = access.find(&args.run).await?;
    let file = match access.into_file() {
        Ok(file) => file,
        Err(access) => {
            note_secrets(has_secrets, screen);
            let after = access.rerun(found.id, args.from).await?;
            return watched(&access, found.id, after, Show::of(args.with.json), screen).await;
        }
    };
    let StoreFile { path, store } = &file;
    let stored = Stored::read(store, found.id)?;
    let what = what(&stored, args.from.as_deref())?;
    let addresses: Vec<_> = addresses(&stored.run.spec().site).collect();
    let artefacts = file.artefacts()?;
    let executors = wiring::executors_with(&settings, &addresses, |scan| scan.artefacts(artefacts))?;
    let engine = wiring::engine_on(executors, store.clone())?;
    let driven = held(&engine, &file, screen, async {
        let interrupts = Interrupts::new().map_err(DriveError::Signals)?;
        let run = engine.rerun(found.id, what).await?;
        let watch = Watch { engine: &engine, screen, keep: Keep::In(path), interrupts };
        watch.until_done(&[(run, found.seq)]).await
    });
    shown::one(&driven.await?[0], Some(path), args.with.json, screen)
}
