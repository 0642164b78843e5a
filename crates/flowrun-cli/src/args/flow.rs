//! Arguments of the commands that work on flows without running them on a site.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use flowrun_testkit::synth::Shape;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// File with the flow's JSON; `-` reads standard input.
    pub(crate) flow: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// File with the flow's JSON; `-` reads standard input.
    pub(crate) flow: PathBuf,
    /// The language of the drawing.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: GraphFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Parts of names of figures, such as `run layered` [default: all].
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Leave out graphs over 10,000 nodes: a minute instead of several.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print a Markdown table, ratios to the floors first, instead of JSON.
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Write a picture of how cost grows to this file, as SVG; needs graphs of two sizes.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

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

/// The languages a flow can be drawn in.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Mermaid, as in Markdown files.
    #[default]
    Mermaid,
    /// Graphviz.
    Dot,
}
