//! Arguments of the commands that work on flows without running them on a site.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SettingFlags;
use crate::settings::SecretArg;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// File with the flow's JSON; `-` reads standard input.
    pub(crate) flow: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also warn of what the public original of the format would not do, or would do otherwise.
    #[arg(long)]
    pub(crate) compat: bool,
    /// A secret that the run will be given; only its name counts here. Those of the environment and of the
    /// settings file are known.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secrets: Vec<SecretArg>,
    /// Also tell which settings of the operator are missing or wrong, such as the address of a mail server. They
    /// are read from flags, environment and FILE [default: flowrun.toml, if there is one].
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) settings: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) flags: SettingFlags,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// Print the keys as JSON.
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

/// The languages a flow can be drawn in.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Mermaid, as in Markdown files.
    #[default]
    Mermaid,
    /// Graphviz.
    Dot,
}
