//! `flowrun runs delete`: a run that is over and no longer wanted.

use serde_json::json;

use crate::access::Access;
use crate::args::StoredArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;

/// Deletes a run, whole or not at all.
pub(super) async fn delete(args: &StoredArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    let run = access.find(&args.run).await?.id;
    access.delete(run).await?;
    if args.json {
        screen.json(&json!({"version": 1, "deleted": run}))?;
    } else {
        screen.note(&format!("run {run} is deleted"));
    }
    Ok(Exit::Done)
}
