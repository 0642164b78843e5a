//! What Slack, or a server that speaks as it does, answers.

use flowrun_guard::ResponseHead;
use serde::Deserialize;

use super::client::SlackError;

/// What an answer says about the message.
#[derive(Debug)]
pub(super) enum Answer {
    Posted,
    /// Not now: after a wait.
    RateLimited,
    Not(SlackError),
}

/// The answer in JSON: that of `chat.postMessage`, and what compatible servers give for a webhook (`success` in
/// Rocket.Chat, `result` in Zulip).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    ok: Option<bool>,
    success: Option<bool>,
    result: Option<String>,
    error: Option<String>,
    needed: Option<String>,
    provided: Option<String>,
    errors: Vec<String>,
    response_metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    messages: Vec<String>,
}

/// Reads an answer other than 429. A body that breaks off is taken as far as it came.
pub(super) async fn read(head: ResponseHead) -> Answer {
    let status = head.status;
    let is_success = head.is_success();
    if status >= 500 || matches!(status, 408 | 425) {
        return Answer::Not(SlackError::Status(status));
    }
    let response = head.body_so_far().await;
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    // An incoming webhook says `ok`, or why not, in plain text.
    if is_success && text == "ok" {
        return Answer::Posted;
    }
    if let Ok(told) = serde_json::from_str::<Told>(text) {
        return told.means(is_success, status);
    }
    match text {
        // `<html>` of a page in between is no word of Slack's.
        "" if is_success => Answer::Not(SlackError::NoAnswer),
        "" => Answer::Not(SlackError::Status(status)),
        said if !is_success || is_word(said) => refused(said, said.to_owned()),
        _ => Answer::Not(SlackError::NoAnswer),
    }
}

impl Told {
    fn means(self, is_success: bool, status: u16) -> Answer {
        let says_yes = self.ok.or(self.success).or_else(|| Some(self.result.as_ref()? == "success"));
        match (says_yes, &self.error) {
            (Some(true), _) if is_success => Answer::Posted,
            (Some(_), None) => Answer::Not(SlackError::Refused("ok is false".to_owned())),
            (_, Some(error)) => refused(error, format!("{error}{}", self.details(error))),
            (None, None) if is_success => Answer::Not(SlackError::NoAnswer),
            (None, None) => Answer::Not(SlackError::Status(status)),
        }
    }

    /// What an error leaves open: which scope is missing, which argument is wrong.
    fn details(&self, error: &str) -> String {
        let mut details = Vec::new();
        if let Some(needed) = &self.needed {
            details.push(format!("needed: {needed}"));
            details.extend(self.provided.as_ref().map(|provided| format!("provided: {provided}")));
        }
        let messages = self.response_metadata.messages.iter().chain(&self.errors);
        details.extend(messages.filter(|message| *message != error).cloned());
        if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) }
    }
}

/// Sorts an error by what Slack's documentation of `chat.postMessage` says about it.
fn refused(error: &str, said: String) -> Answer {
    match error {
        "ratelimited" | "rate_limited" => Answer::RateLimited,
        "service_unavailable" | "request_timeout" | "team_added_to_org" | "rollup_error" => {
            Answer::Not(SlackError::Transient(said))
        }
        // "It is possible that some aspect of the operation succeeded before the error was raised."
        "fatal_error" | "internal_error" => Answer::Not(SlackError::Doubtful(said)),
        _ => Answer::Not(SlackError::Refused(said)),
    }
}

/// Whether a text is one of Slack's reasons, such as `no_service`.
fn is_word(text: &str) -> bool {
    text.len() <= 60
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
