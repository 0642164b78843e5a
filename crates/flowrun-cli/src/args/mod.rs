//! The command line.

mod command;
mod flow;
mod run;
mod values;

pub(crate) use command::{Cli, Command};
pub(crate) use flow::{BenchArgs, CheckArgs, GraphArgs, GraphFormat, SynthArgs};
pub(crate) use run::RunArgs;
