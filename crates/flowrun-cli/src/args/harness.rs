//! Arguments of the commands that try flows out: nothing is sent or fetched.

use std::path::PathBuf;

use clap::Args;
use flowrun_testkit::synth::Shape;

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
    pub(crate) flow: PathBuf,
    /// File that says what the executors do, JSON or TOML [default: everything passes].
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// What stands in for chance where the script is flaky [default: the script's].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print timeline and run as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
