//! How requests are sent, whatever the flow says.

use std::time::Duration;

/// Options of a [`WebhookExecutor`](super::WebhookExecutor).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// Time for one request. Default: 30 s. Too short leaves it unknown whether the request arrived.
    pub timeout: Duration,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30) }
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
}
