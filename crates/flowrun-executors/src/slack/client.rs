//! Posting one text: the two ways Slack offers, and what its answers mean.

use std::time::Duration;

use flowrun::NodeProblem;
use flowrun_guard::{Guard, GuardError, Limits, Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use super::SlackSettings;
use crate::outcome::{Undone, failure, retry_after};
use crate::text::tame;

/// Where messages go.
#[derive(Clone)]
pub(super) enum Route {
    /// `chat.postMessage`.
    Api { url: String, token: String, channel: String },
    /// An incoming webhook; its address is a secret.
    Webhook { url: String },
}

impl Route {
    /// The route the settings describe.
    ///
    /// # Errors
    ///
    /// Names what is missing.
    pub(super) fn of(settings: &SlackSettings) -> Result<Self, NodeProblem> {
        let missing = |what: &str| Err(NodeProblem::settings("slack.settings", what));
        let set = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        match (set(&settings.token), set(&settings.channel), set(&settings.webhook_url)) {
            (Some(token), Some(channel), _) => {
                let url = format!("{}/chat.postMessage", settings.api_url.trim_end_matches('/'));
                Ok(Self::Api { url, token, channel })
            }
            (_, _, Some(url)) => Ok(Self::Webhook { url }),
            (None, Some(_), None) => missing("`FLOWRUN_SLACK_TOKEN` is not set"),
            (Some(_), None, None) => missing("`FLOWRUN_SLACK_CHANNEL` is not set"),
            (None, None, None) => missing(
                "neither `FLOWRUN_SLACK_TOKEN` with `FLOWRUN_SLACK_CHANNEL` nor `FLOWRUN_SLACK_WEBHOOK_URL` is set",
            ),
        }
    }

    fn request(&self, text: &str) -> Request {
        let (request, body) = match self {
            Self::Api { url, token, channel } => {
                let request =
                    Request::new(Method::Post, url).header("authorization", format!("Bearer {token}"));
                (request, json!({"channel": channel, "text": text}))
            }
            Self::Webhook { url } => (Request::new(Method::Post, url), json!({"text": text})),
        };
        request.header("content-type", "application/json; charset=utf-8").body(body.to_string())
    }

    /// What an answer other than 429 means.
    fn read(&self, response: &Response) -> Result<(), SlackError> {
        match self {
            Self::Webhook { .. } if response.is_success() => Ok(()),
            Self::Webhook { .. } if response.status < 500 => {
                // Webhooks say why in plain text.
                let said = tame(&String::from_utf8_lossy(&response.body));
                Err(if said.is_empty() {
                    SlackError::Status(response.status)
                } else {
                    SlackError::Refused(said)
                })
            }
            Self::Api { .. } if response.is_success() => {
                #[derive(Deserialize)]
                struct Answer {
                    ok: bool,
                    #[serde(default)]
                    error: Option<String>,
                }
                match serde_json::from_slice(&response.body) {
                    Ok(Answer { ok: true, .. }) => Ok(()),
                    Ok(Answer { error, .. }) => {
                        Err(SlackError::Refused(tame(&error.unwrap_or_else(|| "ok is false".to_owned()))))
                    }
                    Err(_) => Err(SlackError::NoAnswer),
                }
            }
            Self::Api { .. } | Self::Webhook { .. } => Err(SlackError::Status(response.status)),
        }
    }
}

/// Why a message was not posted, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum SlackError {
    /// Slack's own word for it.
    #[error("{0}")]
    Refused(String),
    #[error("slack answers {0}")]
    Status(u16),
    #[error("slack gave an answer that cannot be read; whether the message was posted is not known")]
    NoAnswer,
    #[error("slack asks to wait {} s more, and messages wait {} s at most", asked.as_secs(), longest.as_secs())]
    Busy { asked: Duration, longest: Duration },
    #[error("{}", failure(.0))]
    Request(GuardError),
}

impl SlackError {
    /// What it leaves undone; `None` when it would fail again.
    pub(super) fn undone(&self) -> Option<Undone> {
        match self {
            Self::Status(500..=599) => Some(Undone::TRANSIENT),
            Self::Refused(_) | Self::Status(_) => None,
            Self::NoAnswer => Some(Undone::UNKNOWN),
            Self::Busy { asked, .. } => Some(Undone { retry_after: Some(*asked), ..Undone::TRANSIENT }),
            Self::Request(error) => Undone::of(error),
        }
    }
}

/// Posts `text`, waiting as often and as long as Slack asks for within the limit.
pub(super) async fn post(
    guard: &Guard,
    route: &Route,
    settings: &SlackSettings,
    text: &str,
) -> Result<(), SlackError> {
    let limits = Limits::default().total(settings.timeout);
    let mut left = settings.longest_wait;
    loop {
        let response = guard.send(route.request(text).limits(limits)).await.map_err(SlackError::Request)?;
        if response.status != 429 {
            return route.read(&response);
        }
        let asked = retry_after(&response).unwrap_or(Duration::from_secs(1));
        // Each wait counts as a second at least, Slack's rate for a channel, so that zeros cannot go on for ever.
        let Some(rest) = left.checked_sub(asked.max(Duration::from_secs(1))) else {
            return Err(SlackError::Busy { asked, longest: settings.longest_wait });
        };
        left = rest;
        tokio::time::sleep(asked).await;
    }
}
