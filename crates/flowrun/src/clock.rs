//! Where time comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowrun_core::Timestamp;

/// Tells the time. The engine reads it once for each event.
pub trait Clock: Send + Sync + 'static {
    /// The time now. It should not go backwards; nothing is ordered by it.
    fn now(&self) -> Timestamp;
}

/// The time of the machine, moved on by a monotonic clock, so that it never goes backwards in one process.
///
/// It follows tokio's clock: with time paused in a test, it stands still too.
#[derive(Debug)]
pub struct SystemClock {
    start: Timestamp,
    since: tokio::time::Instant,
}

impl SystemClock {
    /// A clock set by the machine's.
    #[must_use]
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { start: Timestamp::default().after(since_epoch), since: tokio::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.since.elapsed();
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        let micros = seconds.saturating_mul(1_000_000).saturating_add(i64::from(elapsed.subsec_micros()));
        Timestamp::from_micros(self.start.as_micros().saturating_add(micros))
    }
}
