//! `flowrun runs cancel`: a run that is not to go on.

use crate::access::Access;
use crate::args::StoredArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;

/// Cancels an open run. It needs neither settings nor secrets, as nothing of it is started.
pub(super) async fn cancel(args: &StoredArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    let id = access.find(&args.run).await?.id;
    let run = access.cancel(id).await?;
    if args.json {
        screen.data(&format!("{}\n", run.to_json()))?;
    } else {
        screen.note(&format!("run {id} is {}", run.status()));
    }
    Ok(Exit::Done)
}
