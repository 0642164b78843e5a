//! Which workspace messages go to. Tokens never show in `Debug`.

use std::fmt;
use std::time::Duration;

/// Options of a [`SlackExecutor`](super::SlackExecutor). Needed: token and channel, or a webhook address;
/// with both, the token is used.
#[derive(Clone)]
#[non_exhaustive]
pub struct SlackSettings {
    /// The bot token, `xoxb-…` (`FLOWRUN_SLACK_TOKEN`).
    pub token: Option<String>,
    /// The channel the bot posts to (`FLOWRUN_SLACK_CHANNEL`).
    pub channel: Option<String>,
    /// The base address of the API (`FLOWRUN_SLACK_API_URL`). Default: `https://slack.com/api`.
    pub api_url: String,
    /// The address of an incoming webhook, a secret (`FLOWRUN_SLACK_WEBHOOK_URL`).
    pub webhook_url: Option<String>,
    /// Time for one request. Default: 30 s. Too short leaves it unknown whether a message was posted.
    pub timeout: Duration,
    /// How long one message waits, in sum, when Slack asks for patience (429). Default: 60 s. Zero never waits.
    pub longest_wait: Duration,
    /// How long a wait is at least, also when Slack asks for none. Default: 1 s, Slack's rate for a channel.
    pub least_wait: Duration,
}

impl Default for SlackSettings {
    fn default() -> Self {
        Self {
            token: None,
            channel: None,
            api_url: "https://slack.com/api".to_owned(),
            webhook_url: None,
            timeout: Duration::from_secs(30),
            longest_wait: Duration::from_secs(60),
            least_wait: Duration::from_secs(1),
        }
    }
}

impl SlackSettings {
    /// The defaults: nowhere to send to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`token`](Self::token).
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets [`channel`](Self::channel).
    #[must_use]
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Sets [`api_url`](Self::api_url).
    #[must_use]
    pub fn api_url(mut self, api_url: impl Into<String>) -> Self {
        self.api_url = api_url.into();
        self
    }

    /// Sets [`webhook_url`](Self::webhook_url).
    #[must_use]
    pub fn webhook_url(mut self, webhook_url: impl Into<String>) -> Self {
        self.webhook_url = Some(webhook_url.into());
        self
    }

    /// What of this must not be shown: the token, and the webhook's address, of which the end alone is enough to post.
    pub(super) fn secrets(&self) -> Vec<(String, String)> {
        let set = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        let mut secrets: Vec<_> =
            set(&self.token).into_iter().map(|token| ("slack_token".to_owned(), token)).collect();
        if let Some(url) = set(&self.webhook_url) {
            let path = url.find("://").and_then(|at| url[at + 3..].split_once('/')).map(|(_, path)| path);
            let last = path.and_then(|path| path.rsplit('/').next());
            // A short path tells nothing that the host does not.
            let parts = [path, last].into_iter().flatten().filter(|part| part.chars().count() >= 8);
            let parts = std::iter::once(url.as_str()).chain(parts);
            secrets.extend(parts.map(|part| ("slack_webhook_url".to_owned(), part.to_owned())));
        }
        secrets
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`longest_wait`](Self::longest_wait).
    #[must_use]
    pub const fn longest_wait(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// Sets [`least_wait`](Self::least_wait).
    #[must_use]
    pub const fn least_wait(mut self, least_wait: Duration) -> Self {
        self.least_wait = least_wait;
        self
    }
}

impl fmt::Debug for SlackSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackSettings")
            .field("channel", &self.channel)
            .field("api_url", &self.api_url)
            .field("timeout", &self.timeout)
            .field("longest_wait", &self.longest_wait)
            .field("least_wait", &self.least_wait)
            .finish_non_exhaustive()
    }
}
