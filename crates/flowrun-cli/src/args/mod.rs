//! The command line.

mod command;
mod flow;
mod harness;
mod refused;
mod run;
mod serve;
mod stored;
mod values;

use clap::Parser as _;

pub(crate) use command::{Cli, Command};
pub(crate) use flow::{BenchArgs, CheckArgs, GraphArgs, GraphFormat, KeysArgs};
pub(crate) use harness::{OutcomesArgs, SimulateArgs, SuiteArgs, SynthArgs};
pub(crate) use run::{RunArgs, SettingArgs, SettingFlags};
pub(crate) use serve::{AccountArgs, AccountCommand, LimitArgs, ServeArgs, TokenArgs, TokenCommand};
pub(crate) use stored::{
    BackupArgs, InspectArgs, ListArgs, RerunArgs, ResumeArgs, RunsArgs, RunsCommand, ShowArgs, StoreArgs,
    StoreCommand, StoredArgs,
};

/// Reads the command line of this process; ends it where that cannot be read, or asks for help.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| refused::without_values(error).exit())
}
