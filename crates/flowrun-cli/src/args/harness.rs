//! Arguments of the commands that try flows out: nothing is sent or fetched.

use std::path::PathBuf;

use clap::Args;
use flowrun_sim::synth::Shape;

#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    /// The shape: chain, wide, fan, layered, condition-tree, diamonds, random or cursion.
    #[arg(long)]
    pub(crate) shape: Shape,
    /// The number of nodes, up to 1,000,000 (12 for cursion).
    #[arg(long)]
    pub(crate) nodes: usize,
    /// What stands in for chance.
    #[arg(long, default_value_t)]
    pub(crate) seed: u64,
    /// Only what the engine reads, about 50 bytes a node, instead of all that a canvas saves.
    #[arg(long)]
    pub(crate) lean: bool,
    /// Write the flow to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// File with the flow's JSON; `-` reads standard input.
    #[arg(required_unless_present = "folder")]
    pub(crate) flow: Option<PathBuf>,
    /// File that says what the executors do, JSON or TOML [default: everything passes].
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// What stands in for chance where the script is flaky [default: the script's].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print timeline and run, or the report of the suite, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Suites")]
pub(crate) struct SuiteArgs {
    /// Play every case of a folder instead: files named `….case.toml` or `….case.json`, with the keys `flow`,
    /// `script` or `script_file`, and `expect.status` and `expect.nodes`.
    #[arg(long = "suite", value_name = "DIR", conflicts_with_all = ["flow", "script", "seed"])]
    pub(crate) folder: Option<PathBuf>,
    /// Say how much of the flows the cases reach: nodes, edges, and results of conditions.
    #[arg(long, requires = "folder", conflicts_with = "flow")]
    pub(crate) coverage: bool,
    /// Demand that at least this much is reached, in percent of all three together.
    #[arg(long, value_name = "PERCENT", requires = "folder", conflicts_with = "flow", value_parser = percent)]
    pub(crate) min: Option<f64>,
    /// Write a report in JUnit's format to this file.
    #[arg(long, value_name = "FILE", requires = "folder", conflicts_with = "flow")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OutcomesArgs {
    /// File with the flow's JSON; `-` reads standard input.
    pub(crate) flow: PathBuf,
    /// Print the ends and their scripts as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Ends that are listed of a flow with more than 12 nodes.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
    /// Take the run's settings, such as `run.configs`, from this script.
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Make this folder, with a case for each end: a suite for `flowrun simulate --suite`.
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,
}

fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    if (0.0..=100.0).contains(&percent) { Ok(percent) } else { Err("must be from 0 to 100".to_owned()) }
}
