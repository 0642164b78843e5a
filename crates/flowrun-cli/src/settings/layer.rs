//! The settings that one place gives, and how places are laid over each other.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use flowrun_guard::Endpoint;
use serde::Deserialize;

use super::values::endpoints;
use super::{Hidden, MissingTool};

/// What one place (flags, environment, file) says, or all of them laid over each other. What is absent was
/// not set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Layer {
    /// The bot token for Slack.
    pub(crate) slack_token: Option<Hidden>,
    /// The channel the bot posts to.
    pub(crate) slack_channel: Option<String>,
    /// The base address of Slack's API.
    pub(crate) slack_api_url: Option<String>,
    /// The incoming webhook, which needs neither token nor channel.
    pub(crate) slack_webhook_url: Option<Hidden>,
    /// The mail server, with the password if it wants one.
    pub(crate) smtp_url: Option<Hidden>,
    /// The sender of mail.
    pub(crate) mail_from: Option<String>,
    /// The name mail is announced under.
    pub(crate) ehlo_name: Option<String>,
    /// Files of certificate authorities that are trusted beside the others.
    pub(crate) ca_certs: Vec<PathBuf>,
    /// The file that stands for the bundled certificate authorities. Other programs read the same variable.
    #[serde(skip)]
    pub(crate) ssl_cert_file: Option<PathBuf>,
    /// Connections that are open at once.
    pub(crate) max_connections: Option<NonZeroUsize>,
    /// Those of them to one host and port.
    pub(crate) max_connections_per_host: Option<NonZeroUsize>,
    /// Whether the log shows how the answer to a failed webhook begins.
    pub(crate) show_answers: Option<bool>,
    /// Private hosts that flows may reach.
    #[serde(deserialize_with = "endpoints")]
    pub(crate) allow_hosts: Vec<Endpoint>,
    /// What becomes of components whose tool is missing.
    pub(crate) missing_tool: Option<MissingTool>,
    /// Whether a browser may run without its sandbox.
    pub(crate) allow_unsandboxed: Option<bool>,
    /// The program of the browser.
    pub(crate) browser: Option<PathBuf>,
    /// Values for templates, by name.
    pub(crate) secrets: BTreeMap<String, Hidden>,
}

impl Layer {
    /// This layer, and below it, for what it does not say, another.
    pub(crate) fn over(mut self, below: Self) -> Self {
        self.allow_hosts.extend(below.allow_hosts);
        self.ca_certs.extend(below.ca_certs);
        let mut secrets = below.secrets;
        secrets.extend(self.secrets);
        Self {
            slack_token: self.slack_token.or(below.slack_token),
            slack_channel: self.slack_channel.or(below.slack_channel),
            slack_api_url: self.slack_api_url.or(below.slack_api_url),
            slack_webhook_url: self.slack_webhook_url.or(below.slack_webhook_url),
            smtp_url: self.smtp_url.or(below.smtp_url),
            mail_from: self.mail_from.or(below.mail_from),
            ehlo_name: self.ehlo_name.or(below.ehlo_name),
            ca_certs: self.ca_certs,
            ssl_cert_file: self.ssl_cert_file.or(below.ssl_cert_file),
            max_connections: self.max_connections.or(below.max_connections),
            max_connections_per_host: self.max_connections_per_host.or(below.max_connections_per_host),
            allow_unsandboxed: self.allow_unsandboxed.or(below.allow_unsandboxed),
            browser: self.browser.or(below.browser),
            show_answers: self.show_answers.or(below.show_answers),
            allow_hosts: self.allow_hosts,
            missing_tool: self.missing_tool.or(below.missing_tool),
            secrets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{from_env, from_toml};
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Layer {
        let vars = pairs.iter().map(|&(name, value)| (name.into(), value.into()));
        from_env(vars).unwrap()
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
        let file = from_toml("slack_channel = 'file'\nmail_from = 'file'\nslack_api_url = 'file'").unwrap();
        let environment = env(&[("FLOWRUN_SLACK_CHANNEL", "env"), ("FLOWRUN_MAIL_FROM", "env")]);
        let flags = Layer { slack_channel: Some("flag".into()), ..Layer::default() };
        let settings = flags.over(environment).over(file);
        assert_eq!(settings.slack_channel.as_deref(), Some("flag"));
        assert_eq!(settings.mail_from.as_deref(), Some("env"));
        assert_eq!(settings.slack_api_url.as_deref(), Some("file"));
    }

    #[test]
    fn lists_add_up_and_secrets_add_up_by_name() {
        let file = from_toml("allow_hosts = ['c:3']\n[secrets]\nA = 'file'\nB = 'file'").unwrap();
        let environment = env(&[("FLOWRUN_ALLOW_HOSTS", "a:1, b:2"), ("FLOWRUN_SECRET_A", "env")]);
        let settings = environment.over(file);
        let hosts: Vec<String> = settings.allow_hosts.iter().map(Endpoint::to_string).collect();
        assert_eq!(hosts, ["a:1", "b:2", "c:3"]);
        assert_eq!(settings.secrets["A"].reveal(), "env");
        assert_eq!(settings.secrets["B"].reveal(), "file");
    }
}
