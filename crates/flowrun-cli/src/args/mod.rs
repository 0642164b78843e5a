//! The command line.

mod command;
mod flow;
mod harness;
mod refused;
mod run;
mod scan;
mod serve;
mod stored;
mod values;

use clap::Parser as _;

use crate::render::{is_harmless, plain_lines};

pub(crate) use command::{Cli, Command};
pub(crate) use flow::{BenchArgs, CheckArgs, GraphArgs, GraphFormat, KeysArgs};
pub(crate) use harness::{OutcomesArgs, SimulateArgs, SuiteArgs, SynthArgs};
pub(crate) use run::{RunArgs, SettingArgs, SettingFlags};
pub(crate) use scan::{BaselineArgs, BaselineCommand, PageArgs, ScanArgs, ToolsArgs, ToolsCommand};
pub(crate) use serve::{AccountArgs, AccountCommand, LimitArgs, ServeArgs, TokenArgs, TokenCommand};
pub(crate) use stored::{
    BackupArgs, ExplainArgs, InspectArgs, ListArgs, RerunArgs, ResumeArgs, ResumeOneArgs, RunsArgs,
    RunsCommand, ShowArgs, StoreArgs, StoreCommand, StoredArgs,
};

/// Reads the command line of this process; ends it where that cannot be read, or asks for help.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        let error = refused::without_values(error);
        let is_plain = |argument: std::ffi::OsString| argument.to_string_lossy().chars().all(is_harmless);
        if std::env::args_os().all(is_plain) {
            error.exit();
        }
        // It quotes what was typed, or pasted, as it was.
        let told = plain_lines(&error.render().to_string());
        // There is no third place to complain in when this one is gone.
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), told.as_bytes());
        std::process::exit(error.exit_code())
    })
}
