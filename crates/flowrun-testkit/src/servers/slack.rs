//! A stand-in for Slack: the two ways to post a message, and the ways that fail.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::listener::Listener;
use super::recorder::{Recorder, Script};

const WEBHOOK_PATH: &str = "/services/T0/B0/secret";

/// A server with `chat.postMessage` and an incoming webhook that records every post.
#[derive(Debug)]
pub struct SlackSink {
    listener: Listener,
    received: Recorder<SlackPost>,
    script: Script<SlackReply>,
}

/// Which way a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlackRoute {
    /// `chat.postMessage`, with a bot token.
    Api,
    /// The incoming webhook.
    Webhook,
}

/// One post as it arrived, accepted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct SlackPost {
    /// Which way it came.
    pub route: SlackRoute,
    /// The bearer token.
    pub token: Option<String>,
    /// The body; `null` when it was no JSON.
    pub body: Value,
    /// What it was answered.
    pub reply: SlackReply,
}

impl SlackPost {
    /// The channel; empty when the body names none.
    #[must_use]
    pub fn channel(&self) -> &str {
        self.body["channel"].as_str().unwrap_or_default()
    }

    /// The text; empty when the body has none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    /// Whether Slack would now show the message.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.reply == SlackReply::Ok
    }
}

/// What a [`SlackSink`] answers to one post.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlackReply {
    /// The message is taken.
    Ok,
    /// The message is refused with this error, such as `channel_not_found`: `200` and `ok: false` from
    /// `chat.postMessage`, `404` and the plain text from the webhook.
    Refused(String),
    /// `429`; try again after this many seconds.
    RateLimited(u64),
    /// `200` and this text, from either way.
    Said(String),
    /// `200` and this JSON with a `Retry-After` header, in seconds: how `chat.postMessage` limits some callers.
    Later(Value, u64),
    /// `500`.
    ServerError,
    /// `200`, and a body that is no JSON.
    InvalidJson,
    /// No answer, ever; the post is recorded.
    Hang,
}

impl SlackSink {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub async fn start() -> io::Result<Self> {
        let (received, script) = (Recorder::new(), Script::new());
        let take = |route: SlackRoute| {
            let (recorder, replies) = (received.clone(), script.clone());
            move |headers: HeaderMap, body: Bytes| {
                let (recorder, replies) = (recorder.clone(), replies.clone());
                async move {
                    // The reply is chosen first: whoever waits for the post may extend the script then.
                    let reply = replies.next().unwrap_or(SlackReply::Ok);
                    let body = serde_json::from_slice(&body).unwrap_or_default();
                    let token = bearer(&headers);
                    recorder.record(SlackPost { route, token, body, reply: reply.clone() });
                    answer(route, reply).await
                }
            }
        };
        let router = Router::new()
            .route("/api/chat.postMessage", post(take(SlackRoute::Api)))
            .route(WEBHOOK_PATH, post(take(SlackRoute::Webhook)));
        let listener = Listener::http(router).await?;
        Ok(Self { listener, received, script })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// The base address of the API, in the place of `https://slack.com/api`.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.listener.url() + "/api"
    }

    /// The address of the incoming webhook.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.listener.url() + WEBHOOK_PATH
    }

    /// Adds replies for the next posts, one each, whichever way they come.
    pub fn script(&self, replies: impl IntoIterator<Item = SlackReply>) {
        self.script.extend(replies);
    }

    /// Every post that has arrived, in their order, refused ones included.
    #[must_use]
    pub fn received(&self) -> Vec<SlackPost> {
        self.received.all()
    }

    /// Waits until `count` posts have arrived, then gives all of them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn arrived(&self, count: usize) -> Vec<SlackPost> {
        self.received.at_least(count).await
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

async fn answer(route: SlackRoute, reply: SlackReply) -> Response {
    let json = |body: Value| ([(header::CONTENT_TYPE, "application/json")], body.to_string());
    match (reply, route) {
        (SlackReply::Ok, SlackRoute::Api) => {
            json(json!({"ok": true, "channel": "C0", "ts": "1700000000.000100"})).into_response()
        }
        (SlackReply::Ok, SlackRoute::Webhook) => "ok".into_response(),
        (SlackReply::Refused(error), SlackRoute::Api) => {
            json(json!({"ok": false, "error": error})).into_response()
        }
        (SlackReply::Refused(error), SlackRoute::Webhook) => (StatusCode::NOT_FOUND, error).into_response(),
        (SlackReply::RateLimited(seconds), _) => {
            let body = json(json!({"ok": false, "error": "ratelimited"}));
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], body)
                .into_response()
        }
        (SlackReply::Said(text), _) => text.into_response(),
        (SlackReply::Later(body, seconds), _) => {
            ([(header::RETRY_AFTER, seconds.to_string())], json(body)).into_response()
        }
        (SlackReply::ServerError, _) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error").into_response(),
        (SlackReply::InvalidJson, _) => "<html>".into_response(),
        (SlackReply::Hang, _) => std::future::pending().await,
    }
}
