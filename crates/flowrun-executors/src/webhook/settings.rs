//! How requests are sent, whatever the flow says.

use std::time::Duration;

/// Options of a [`WebhookExecutor`](super::WebhookExecutor).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// Time for one request. Default: 30 s. Too short leaves it unknown whether the request arrived.
    pub timeout: Duration,
    /// Bytes of one request: address, headers and payload, filled in. Default: 2 MiB. A larger one is not sent, and
    /// fails for good.
    pub request_bytes: usize,
    /// Whether the log shows the beginning of an answer that is no success, 200 characters of a 4xx or 5xx without
    /// the values of secrets, and the whole address of a redirect. Default: false. In a service it would show users
    /// what lies behind the guard.
    pub show_answers: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), request_bytes: 2 << 20, show_answers: false }
    }
}

impl WebhookSettings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`request_bytes`](Self::request_bytes).
    #[must_use]
    pub const fn request_bytes(mut self, request_bytes: usize) -> Self {
        self.request_bytes = request_bytes;
        self
    }

    /// Sets [`show_answers`](Self::show_answers).
    #[must_use]
    pub const fn show_answers(mut self, show_answers: bool) -> Self {
        self.show_answers = show_answers;
        self
    }
}
