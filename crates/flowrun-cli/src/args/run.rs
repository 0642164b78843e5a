//! Arguments of the commands that run flows, and the settings that flags can give.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use flowrun_executors::scan::{PageSource, PathPattern};
use flowrun_guard::Endpoint;
use url::Url;

use super::values::{json_object, seconds, web_address};
use crate::settings::{self, Hidden, Layer, MissingTool, SecretArg};

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
    /// Look for pages of the site, in its `sitemap` or by its links (`crawl`); `crawl:20` for 20 at most [default: 50].
    #[arg(long = "pages", value_name = "SOURCE")]
    pub(crate) source: Option<PageSource>,
    /// Leave out pages whose path begins so, with `*` for anything and `$` for the end; may be repeated.
    #[arg(long, value_name = "PATTERN", requires = "source")]
    pub(crate) exclude: Vec<PathPattern>,
    /// Look for pages without asking the site's robots.txt, which is for sites of your own.
    #[arg(long, requires = "source")]
    pub(crate) ignore_robots: bool,
    /// A value for templates: NAME=VALUE, or NAME to take it from FLOWRUN_SECRET_NAME or be asked.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secrets: Vec<SecretArg>,
    /// The run's configs, a JSON object such as '{"end_on_fail": false}' [default: the documented ones].
    #[arg(long, value_name = "JSON", value_parser = json_object)]
    pub(crate) configs: Option<String>,
    /// Keep the run in this file, so that it survives the process: an interrupt or a crash only delays it, and
    /// `flowrun resume` goes on. The file is made when there is none.
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
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

/// The settings that can be given as flags; `settings::HELP` lists where else.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingArgs {
    /// File with settings [default: flowrun.toml, if there is one].
    #[arg(long = "settings", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: SettingFlags,
}

/// Settings themselves, apart from where else they stand.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingFlags {
    /// What becomes of scan components whose tool is not installed [default: fail].
    #[arg(long, value_enum)]
    missing_tool: Option<MissingTool>,
    /// A PEM file of certificate authorities to trust beside the others; may be repeated.
    #[arg(long = "ca-cert", value_name = "FILE")]
    ca_certs: Vec<PathBuf>,
    /// Connections that are open at once [default: 64].
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<NonZeroUsize>,
    /// Connections to one host and port that are open at once [default: 8].
    #[arg(long, value_name = "COUNT")]
    max_connections_per_host: Option<NonZeroUsize>,
    /// Whether the log shows how the answer to a failed webhook begins [default: true; for a server: false].
    #[arg(long, value_name = "BOOL")]
    show_answers: Option<bool>,
    /// The browser that scans look at pages with [default: that in CHROME_PATH, else the first of PATH].
    #[arg(long, value_name = "FILE")]
    browser: Option<PathBuf>,
    /// Let browsers run without their sandbox, as they must when you are root: a page that breaks out of its browser is
    /// then you [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    allow_unsandboxed: Option<bool>,
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
    /// Name given to mail servers [default: that of the host].
    #[arg(long, value_name = "NAME")]
    ehlo_name: Option<String>,
}

impl SettingFlags {
    /// What the flags say; secrets have arguments of their own.
    pub(crate) fn into_layer(self) -> Layer {
        Layer {
            slack_token: self.slack_token,
            slack_channel: self.slack_channel,
            slack_api_url: self.slack_api_url,
            slack_webhook_url: self.slack_webhook_url,
            smtp_url: self.smtp_url,
            mail_from: self.mail_from,
            ehlo_name: self.ehlo_name,
            ca_certs: self.ca_certs,
            ssl_cert_file: None,
            max_connections: self.max_connections,
            max_connections_per_host: self.max_connections_per_host,
            show_answers: self.show_answers,
            allow_hosts: self.allow_hosts,
            missing_tool: self.missing_tool,
            allow_unsandboxed: self.allow_unsandboxed,
            browser: self.browser,
            secrets: Default::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Cli, Command};
    use super::*;

    #[test]
    fn every_setting_flag_of_the_help_exists() {
        for line in settings::HELP.lines().filter(|line| line.starts_with("  --")) {
            let flag = line.split_whitespace().next().unwrap();
            let value = match flag {
                "--allow-host" => "a:1",
                "--missing-tool" => "skip",
                "--show-answers" | "--allow-unsandboxed" => "false",
                count if count.starts_with("--max-") => "3",
                _ => "x",
            };
            let parsed = Cli::try_parse_from(["flowrun", "run", "f", "--site", "http://a", flag, value]);
            let Command::Run(run) = parsed.unwrap().command else { panic!("run") };
            assert!(!run.secrets.is_empty() || run.settings.flags.into_layer() != Layer::default(), "{flag}");
        }
    }
}
