//! `flowrun runs`: looking after stored runs.

mod cancel;
mod delete;
mod explain;
mod list;
mod rerun;
mod show;

use super::CommandError;
use crate::args::{RunsArgs, RunsCommand};
use crate::exit::Exit;
use crate::screen::Screen;

/// Does one of the commands on stored runs.
pub(crate) fn runs(args: RunsArgs, screen: &Screen) -> Result<Exit, CommandError> {
    match args.command {
        RunsCommand::List(args) => list::list(&args, screen),
        RunsCommand::Show(args) => show::show(&args, screen),
        RunsCommand::Explain(args) => explain::explain(&args, screen),
        RunsCommand::Cancel(args) => cancel::cancel(&args, screen),
        RunsCommand::Rerun(args) => rerun::rerun(*args, screen),
        RunsCommand::Delete(args) => delete::delete(&args, screen),
    }
}
