//! The time limit of a request. It counts while something is done for the request, not while it waits for a permit.

use std::time::{Duration, Instant};

use crate::{Endpoint, GuardError};

#[derive(Debug)]
pub(crate) struct Stopwatch {
    limit: Duration,
    used: Duration,
    /// Where the request went first.
    endpoint: Endpoint,
}

impl Stopwatch {
    pub(crate) const fn new(endpoint: Endpoint, limit: Duration) -> Self {
        Self { limit, used: Duration::ZERO, endpoint }
    }

    /// The time that counted so far.
    pub(crate) const fn used(&self) -> Duration {
        self.used
    }

    /// Does `work` within what is left of the limit.
    pub(crate) async fn run<T>(&mut self, work: impl Future<Output = T>) -> Result<T, GuardError> {
        let start = Instant::now();
        let done = tokio::time::timeout(self.limit.saturating_sub(self.used), work).await;
        self.used = self.used.saturating_add(start.elapsed());
        done.map_err(|_| GuardError::Timeout { endpoint: self.endpoint.clone(), limit: self.limit })
    }
}
