//! `flowrun runs`: looking after stored runs.

mod cancel;
mod delete;
mod explain;
mod list;
mod pause;
mod rerun;
mod resume;
mod show;
mod watch;

use super::{CommandError, block_on};
use crate::args::{RunsArgs, RunsCommand};
use crate::exit::Exit;
use crate::screen::Screen;

/// Does one of the commands on stored runs.
pub(crate) fn runs(args: RunsArgs, screen: &Screen) -> Result<Exit, CommandError> {
    block_on(async {
        match args.command {
            RunsCommand::List(args) => list::list(&args, screen).await,
            RunsCommand::Show(args) => show::show(&args, screen).await,
            RunsCommand::Explain(args) => explain::explain(&args, screen).await,
            RunsCommand::Watch(args) => watch::watch(&args, screen).await,
            RunsCommand::Cancel(args) => cancel::cancel(&args, screen).await,
            RunsCommand::Pause(args) => pause::pause(&args, screen).await,
            RunsCommand::Resume(args) => resume::resume(*args, screen).await,
            RunsCommand::Rerun(args) => rerun::rerun(*args, screen).await,
            RunsCommand::Delete(args) => delete::delete(&args, screen).await,
        }
    })?
}
