//! `flowrun runs resume`: one run that is to go on.

use super::watch::{Show, note_secrets, watched};
use crate::access::Access;
use crate::args::ResumeOneArgs;
use crate::commands::CommandError;
use crate::commands::resume::resumed;
use crate::configure::configure;
use crate::exit::Exit;
use crate::screen::Screen;

/// Lets a run go on and watches it: in the process that holds the store, or in this one.
pub(super) async fn resume(args: ResumeOneArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let has_secrets = !args.with.secrets.is_empty();
    let settings = configure(args.with.settings, args.with.secrets)?;
    let access = match Access::open(&args.store.path).await?.into_file() {
        Ok(file) => return resumed(file, Some(&args.run), &settings, args.with.json, screen).await,
        Err(access) => access,
    };
    note_secrets(has_secrets, screen);
    let run = access.find(&args.run).await?.id;
    let after = match access.resume(run).await? {
        Some(after) => after,
        None => {
            screen.note(&format!("run {run} is over already"));
            u64::MAX
        }
    };
    watched(&access, run, after, Show::of(args.with.json), screen).await
}
