//! Arguments of the commands that look at pages without a flow of one's own.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::SettingArgs;
use super::stored::StoreArg;
use super::values::{json_object, web_address};
use crate::settings;

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct ScanArgs {
    /// Pages, by their addresses. Hosts may be private: you named them.
    #[arg(required = true, value_name = "URL", value_parser = web_address)]
    pub(crate) pages: Vec<Url>,
    /// What to look at, separated by commas: html, logs, vrt, security, lighthouse, yellowlab [default: what this machine
    /// can do of html, logs, vrt and security].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) components: Vec<String>,
    /// How pages are looked at, a JSON object such as '{"device": "Pixel 5", "min_wait_time": 0}' [default: the
    /// documented configs].
    #[arg(long, value_name = "JSON", value_parser = json_object)]
    pub(crate) configs: Option<String>,
    /// Keep the run in this file, and pictures beside it, so that the next scan has something to compare with.
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Write the pictures of the pages and of their differences into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) pictures: Option<PathBuf>,
    /// Print everything that is known of the pages as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Take the picture of the last scan as the one that others are compared with.
    Accept(PageArgs),
    /// Show what a page is compared with.
    Show(PageArgs),
    /// Forget the picture: the next scan makes a new one.
    Reset(PageArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// The address of the page, as it was scanned.
    #[arg(value_name = "PAGE")]
    pub(crate) page: Url,
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct ToolsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ToolsCommand>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// Install the browser and the fonts it needs, with the packages of Debian and its like.
    Install,
}
