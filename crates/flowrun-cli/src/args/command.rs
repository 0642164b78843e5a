//! The commands.

use clap::{Parser, Subcommand};

use super::{
    AccountArgs, BaselineArgs, BenchArgs, CheckArgs, GraphArgs, KeysArgs, OutcomesArgs, ResumeArgs, RunArgs,
    RunsArgs, ScanArgs, ServeArgs, SimulateArgs, StoreArgs, SynthArgs, TokenArgs, ToolsArgs,
};
use crate::exit;

/// Runs flows of website checks: a drawing of tasks, run for a site.
#[derive(Debug, Parser)]
#[command(name = "flowrun", version, after_help = exit::HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a flow for a site.
    Run(Box<RunArgs>),
    /// Look at pages: audits, console, pictures compared with the ones before. A flow with one node does it.
    Scan(Box<ScanArgs>),
    /// Look after the pictures that pages are compared with.
    Baseline(BaselineArgs),
    /// Show which tools scans find on this machine, or install them.
    Tools(ToolsArgs),
    /// Go on with runs that were interrupted, cut off by a crash, or left by a process that ended.
    Resume(Box<ResumeArgs>),
    /// Look after stored runs.
    Runs(Box<RunsArgs>),
    /// Look after the file that holds runs.
    Store(StoreArgs),
    /// Serve the API: create, watch, list and delete flow runs over HTTP.
    Serve(Box<ServeArgs>),
    /// Look after the accounts of a server.
    Account(AccountArgs),
    /// Look after the tokens that callers of a server show.
    Token(TokenArgs),
    /// Check a flow without running it: errors and warnings, with their place in the file.
    Check(Box<CheckArgs>),
    /// List the data keys that conditions and templates can read, by type of object.
    Keys(KeysArgs),
    /// Print the JSON Schema of flow files, for editors.
    Schema,
    /// Draw a flow.
    Graph(GraphArgs),
    /// Run a flow by a script in virtual time: nothing is sent or fetched, and a month passes at once.
    Simulate(SimulateArgs),
    /// List every way a flow can end, each with a script that leads there.
    Outcomes(OutcomesArgs),
    /// Make a flow of a shape, a size and a seed; the same ones give the same bytes.
    Synth(SynthArgs),
    #[cfg(feature = "demo")]
    /// Show what this program does: two flows on a small website with known defects, with sinks for Slack,
    /// mail and webhooks. Everything is in this process and on loopback; nothing has to be installed.
    Demo,
    /// Measure what the engine costs on this machine, beside its floors: JSON with the machine's data.
    Bench(BenchArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
