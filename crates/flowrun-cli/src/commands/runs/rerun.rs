//! `flowrun runs rerun`: nodes of a run that is over, once more.

use flowrun::Rerun;

use crate::args::RerunArgs;
use crate::commands::{CommandError, block_on, shown};
use crate::configure::configure;
use crate::drive::DriveError;
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::render::plain;
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::stored::{Stored, addresses};
use crate::watch::{Keep, Watch};
use crate::wiring;

/// Does what failed, or a node that is named, once more with everything below it.
pub(super) fn rerun(args: RerunArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let settings = configure(args.with.settings, args.with.secrets)?;
    let file = StoreFile::open(&args.store.path)?;
    let found = file.find(&args.run)?;
    let stored = Stored::read(&file.store, found.id)?;
    let what = match &args.from {
        None => Rerun::Failed,
        Some(node) if stored.run.plan().find(node).is_some() => Rerun::From(node.clone()),
        Some(node) => return Err(CommandError::NoNode { run: found.id, node: plain(node) }),
    };
    let addresses: Vec<_> = addresses(&stored.run.spec().site).collect();
    let engine = wiring::engine_on(wiring::executors(&settings, &addresses)?, file.store)?;
    let driven = block_on(async {
        let interrupts = Interrupts::new().map_err(DriveError::Signals)?;
        let run = engine.rerun(found.id, what).await?;
        let watch = Watch { engine: &engine, screen, keep: Keep::In(&file.path), interrupts };
        watch.until_done(&[(run, found.seq)]).await
    })??;
    shown::one(&driven[0], Some(&file.path), args.with.json, screen)
}
