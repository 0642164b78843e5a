//! Posting one text: the two ways Slack offers, and what its answers mean.

use std::time::{Duration, SystemTime};

use flowrun::NodeProblem;
use flowrun_guard::{Guard, GuardError, Limits, Method, Request};
use serde_json::json;
use thiserror::Error;

use super::SlackSettings;
use super::answer::{self, Answer};
use crate::outcome::{Undone, failure};

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
}

/// Why a message was not posted, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum SlackError {
    /// Slack's own word for it, as it came.
    #[error("{0}")]
    Refused(String),
    /// One that stands for a trouble of Slack's own.
    #[error("{0}")]
    Transient(String),
    /// One after which the message may have been posted.
    #[error("{0}; whether the message was posted is not known")]
    Doubtful(String),
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
            Self::Transient(_) => Some(Undone::TRANSIENT),
            Self::Status(501 | 505) => None,
            Self::Status(408 | 425 | 500..=599) => Some(Undone::TRANSIENT),
            Self::Refused(_) | Self::Status(_) => None,
            Self::Doubtful(_) | Self::NoAnswer => Some(Undone::UNKNOWN),
            Self::Busy { asked, .. } => Some(Undone { retry_after: Some(*asked), ..Undone::TRANSIENT }),
            Self::Request(error) => Undone::of(error),
        }
    }
}

/// How often a message is posted that Slack asks to post later.
const TRIES: u32 = 10;

/// Posts `text`, waiting as often and as long as Slack asks for within the limits.
pub(super) async fn post(
    guard: &Guard,
    route: &Route,
    settings: &SlackSettings,
    text: &str,
) -> Result<(), SlackError> {
    let limits = Limits::default().total(settings.timeout);
    let mut left = settings.longest_wait;
    let mut tries = 0;
    loop {
        tries += 1;
        let request = route.request(text).limits(limits);
        let head = guard.start(request).await.map_err(SlackError::Request)?;
        let asked = head.headers.retry_after_at_least(settings.least_wait, SystemTime::now());
        if head.status != 429 {
            match answer::read(head).await {
                Answer::Posted => return Ok(()),
                Answer::RateLimited => {}
                Answer::Not(error) => return Err(error),
            }
        }
        // Answers that ask for no wait, or for hardly any, cannot go on for ever.
        let asked = asked.unwrap_or(settings.least_wait);
        let rest = left.checked_sub(asked).filter(|_| tries < TRIES);
        let Some(rest) = rest else {
            return Err(SlackError::Busy { asked, longest: settings.longest_wait });
        };
        left = rest;
        tokio::time::sleep(asked).await;
    }
}
