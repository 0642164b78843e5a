//! `flowrun runs pause`: a run that is to wait for a person.

use serde_json::json;

use crate::access::Access;
use crate::args::StoredArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;

/// Pauses an open run, in the process that drives it or where it lies.
pub(super) async fn pause(args: &StoredArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    let run = access.find(&args.run).await?.id;
    access.pause(run).await?;
    if args.json {
        screen.json(&json!({"version": 1, "paused": run}))?;
    } else {
        screen.note(&format!("run {run} is paused"));
    }
    Ok(Exit::Done)
}
