//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use flowrun_guard::Endpoint;
use flowrun_testkit::synth::Shape;
use url::Url;

use crate::exit;
use crate::settings::{self, Hidden, Layer, MissingTool, SecretArg};

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
    /// Check a flow without running it: errors and warnings, with their place in the file.
    Check(CheckArgs),
    /// Draw a flow.
    Graph(GraphArgs),
    /// Make a flow of a shape, a size and a seed; the same ones give the same bytes.
    Synth(SynthArgs),
    /// Show what this program does: two flows on a small website with known defects, with sinks for Slack,
    /// mail and webhooks. Everything is in this process and on loopback; nothing has to be installed.
    Demo,
    /// Measure what the engine costs on this machine, beside its floors: JSON with the machine's data.
    Bench(BenchArgs),
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct RunArgs {
    /// File with the flow's JSON; `-` reads standard input.
    pub(crate) flow: PathBuf,
    /// Address of the site. Its host may be private: you named it.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) site: Url,
    /// A page of the site, as an address or a path; may be repeated [default: the site's address].
    #[arg(long = "page", value_name = "URL")]
    pub(crate) pages: Vec<String>,
    /// A value for templates: NAME=VALUE, or NAME to take it from FLOWRUN_SECRET_NAME or be asked.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secrets: Vec<SecretArg>,
    /// The run's configs, a JSON object such as '{"end_on_fail": false}' [default: the documented ones].
    #[arg(long, value_name = "JSON", value_parser = json_object)]
    pub(crate) configs: Option<String>,
    /// Write the run's JSON to this file when it has ended.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the run's JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop the run after this many seconds [default: never].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

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

/// The settings that can be given as flags; `settings::HELP` lists where else.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingArgs {
    /// File with settings [default: flowrun.toml, if there is one].
    #[arg(long = "settings", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What becomes of scan components whose tool is not installed [default: fail].
    #[arg(long, value_enum)]
    missing_tool: Option<MissingTool>,
    /// A private host that the flow may reach; may be repeated.
    #[arg(long = "allow-host", value_name = "HOST:PORT")]
    allow_hosts: Vec<Endpoint>,
    /// Bot token for Slack.
    #[arg(long, value_name = "TOKEN")]
    slack_token: Option<Hidden>,
    /// Channel the bot posts to.
    #[arg(long, value_name = "CHANNEL")]
    slack_channel: Option<String>,
    /// Base address of the API [default: that of Slack].
    #[arg(long, value_name = "URL")]
    slack_api_url: Option<String>,
    /// Incoming webhook of Slack, instead of token and channel.
    #[arg(long, value_name = "URL")]
    slack_webhook_url: Option<Hidden>,
    /// Mail server, smtp://HOST:PORT, smtps:// for implicit TLS.
    #[arg(long, value_name = "URL")]
    smtp_url: Option<Hidden>,
    /// Sender of mail.
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
}

impl SettingArgs {
    /// What the flags say; secrets have arguments of their own.
    pub(crate) fn into_layer(self) -> Layer {
        Layer {
            slack_token: self.slack_token,
            slack_channel: self.slack_channel,
            slack_api_url: self.slack_api_url,
            slack_webhook_url: self.slack_webhook_url,
            smtp_url: self.smtp_url,
            mail_from: self.mail_from,
            allow_hosts: self.allow_hosts,
            missing_tool: self.missing_tool,
            secrets: Default::default(),
        }
    }
}

/// An address with `http` or `https` and a host.
fn web_address(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|error| format!("not an address ({error}), such as https://example.com"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        other => Err(format!("`{other}` addresses are not fetched, only http and https")),
    }
}

/// JSON text of an object.
fn json_object(text: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() { Ok(text.to_owned()) } else { Err("must be a JSON object".to_owned()) }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    if seconds <= 0.0 {
        return Err("must be more than 0".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_flag_of_the_help_exists() {
        for line in settings::HELP.lines().filter(|line| line.starts_with("  --")) {
            let flag = line.split_whitespace().next().unwrap();
            let value = match flag {
                "--allow-host" => "a:1",
                "--missing-tool" => "skip",
                _ => "x",
            };
            let parsed = Cli::try_parse_from(["flowrun", "run", "f", "--site", "http://a", flag, value]);
            let Command::Run(run) = parsed.unwrap().command else { panic!("run") };
            assert!(!run.secrets.is_empty() || run.settings.into_layer() != Layer::default(), "{flag}");
        }
    }

    #[test]
    fn values_are_read_at_the_border() {
        assert!(web_address("https://example.com/a").is_ok());
        for bad in ["example.com", "ftp://a", "http://", "file:///etc/passwd"] {
            assert!(web_address(bad).is_err(), "{bad}");
        }
        assert!(json_object("[]").is_err() && json_object("{").is_err() && json_object("{}").is_ok());
        for bad in ["0", "-1", "NaN", "inf", "1e30", "x"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
    }
}
