//! `flowrun runs delete`: a run that is over and no longer wanted.

use flowrun::Store as _;
use serde_json::json;

use crate::args::StoredArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::store_file::StoreFile;

/// Deletes a run, whole or not at all.
pub(super) fn delete(args: &StoredArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    let run = file.find(&args.run)?.id;
    file.store.delete(run)?;
    if args.json {
        screen.json(&json!({"version": 1, "deleted": run}))?;
    } else {
        screen.note(&format!("run {run} is deleted"));
    }
    Ok(Exit::Done)
}
