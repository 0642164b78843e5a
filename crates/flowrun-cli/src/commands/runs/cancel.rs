//! `flowrun runs cancel`: a run that is not to go on.

use crate::args::StoredArgs;
use crate::commands::{CommandError, block_on};
use crate::exit::Exit;
use crate::screen::Screen;
use crate::settings::Layer;
use crate::store_file::StoreFile;
use crate::wiring;

/// Cancels an open run. It needs neither settings nor secrets, as nothing of it is started.
pub(super) fn cancel(args: &StoredArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    let id = file.find(&args.run)?.id;
    let engine = wiring::engine_on(wiring::executors(&Layer::default(), &[])?, file.store)?;
    let run = block_on(engine.cancel(id))?.map_err(|error| CommandError::Cancel(id, error))?;
    if args.json {
        screen.data(&format!("{}\n", run.to_json()))?;
    } else {
        screen.note(&format!("run {id} is {}", run.status()));
    }
    Ok(Exit::Done)
}
