//! A receiver of webhooks: takes any request on any path.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::listener::Listener;
use super::recorder::{Recorder, Script};

/// A server that records every request and answers as told, `200` by default.
#[derive(Debug)]
pub struct WebhookSink {
    listener: Listener,
    received: Recorder<WebhookRequest>,
    script: Script<WebhookReply>,
}

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRequest {
    /// The method, in capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers in the order they came, names in lower case; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WebhookRequest {
    /// The first header called `name`, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// What a [`WebhookSink`] answers to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookReply {
    /// This status with an empty JSON object; one outside 100 to 999 becomes 500.
    Status(u16),
    /// This status with a `Retry-After` header, in seconds.
    RetryAfter(u16, u64),
    /// `302` to this address.
    Redirect(String),
    /// `200` and a body that never ends.
    Endless,
    /// No answer, ever; the request is recorded.
    Hang,
    /// This status, so much later.
    Slow(u16, Duration),
}

impl WebhookSink {
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
        Self::start_with(|_| WebhookReply::Status(200)).await
    }

    /// Starts a server that answers as `choose` says once its script is used up. `choose` is called when the
    /// request has arrived, before it is recorded.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub async fn start_with(
        choose: impl Fn(&WebhookRequest) -> WebhookReply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (received, script) = (Recorder::new(), Script::new());
        let (recorder, replies, choose) = (received.clone(), script.clone(), Arc::new(choose));
        let take = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (recorder, replies, choose) = (recorder.clone(), replies.clone(), Arc::clone(&choose));
            async move {
                let request = request(&method, &uri, &headers, &body);
                // The reply is chosen first: whoever waits for the request may extend the script then.
                let reply = replies.next().unwrap_or_else(|| choose(&request));
                recorder.record(request);
                answer(reply).await
            }
        };
        let listener = Listener::http(Router::new().fallback(take)).await?;
        Ok(Self { listener, received, script })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Its address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// Adds replies for the next requests, one each.
    pub fn script(&self, replies: impl IntoIterator<Item = WebhookReply>) {
        self.script.extend(replies);
    }

    /// Everything that has arrived, in its order.
    #[must_use]
    pub fn received(&self) -> Vec<WebhookRequest> {
        self.received.all()
    }

    /// Waits until `count` requests have arrived, then gives all of them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn arrived(&self, count: usize) -> Vec<WebhookRequest> {
        self.received.at_least(count).await
    }
}

fn request(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> WebhookRequest {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    WebhookRequest {
        method: method.to_string(),
        path: uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string),
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
    }
}

async fn answer(reply: WebhookReply) -> Response {
    let status = |code| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match reply {
        WebhookReply::Status(code) => (status(code), "{}").into_response(),
        WebhookReply::RetryAfter(code, seconds) => {
            (status(code), [(header::RETRY_AFTER, seconds.to_string())], "{}").into_response()
        }
        WebhookReply::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        WebhookReply::Endless => Body::new(super::bodies::Zeros::endless()).into_response(),
        WebhookReply::Hang => std::future::pending().await,
        WebhookReply::Slow(code, wait) => {
            tokio::time::sleep(wait).await;
            (status(code), "{}").into_response()
        }
    }
}
