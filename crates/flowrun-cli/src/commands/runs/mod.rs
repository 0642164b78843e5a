//! `flowrun runs`: looking after stored runs.

mod delete;
mod list;

use super::CommandError;
use crate::args::{RunsArgs, RunsCommand};
use crate::exit::Exit;
use crate::screen::Screen;

/// Does one of the commands on stored runs.
pub(crate) fn runs(args: &RunsArgs, screen: &Screen) -> Result<Exit, CommandError> {
    match &args.command {
        RunsCommand::List(args) => list::list(args, screen),
        RunsCommand::Delete(args) => delete::delete(args, screen),
    }
}
