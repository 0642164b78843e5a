//! Where time comes from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowrun_core::Timestamp;

use crate::contain;

/// Tells the time. The engine reads it at most once for each event.
///
/// ```
/// use flowrun::{Clock, Engine, Timestamp};
///
/// struct Fixed;
///
/// impl Clock for Fixed {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_micros(42)
///     }
/// }
///
/// let engine = Engine::builder().clock(Fixed).build()?;
/// # Ok::<(), flowrun::BuildError>(())
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now. It should not go backwards; nothing is ordered by it.
    fn now(&self) -> Timestamp;

    /// A number that changes every few milliseconds while time passes, and costs much less to read than the time.
    /// Events of one run that come without any waiting between them share a reading of [`now`](Self::now) as long
    /// as it stays the same. One that changes too seldom makes nodes that block take no time. Default: `None`, each
    /// event has a reading of its own.
    fn tick(&self) -> Option<i64> {
        None
    }
}

/// The time of the machine, moved on by a monotonic clock, so that it never goes backwards in one process.
///
/// It follows tokio's clock: with time paused in a test, it stands still too.
///
/// On Linux it ticks with the kernel, as a rule every 4 ms (`CONFIG_HZ`): when a node has ended that never had to
/// wait, its times may lag behind by that, and a time limit that begins then ends by as much too soon. The time after
/// a wait is exact.
///
/// ```
/// use flowrun::{Clock, SystemClock};
///
/// let clock = SystemClock::new();
/// assert!(clock.now() <= clock.now());
/// ```
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

    fn tick(&self) -> Option<i64> {
        kernel_tick()
    }
}

/// A clock of the host. While it panics, time stands still: there is no other to go by.
pub(crate) struct HostClock<C> {
    clock: C,
    /// Its last reading, in microseconds.
    last: AtomicI64,
}

impl<C: Clock> HostClock<C> {
    pub(crate) const fn new(clock: C) -> Self {
        Self { clock, last: AtomicI64::new(0) }
    }
}

impl<C: Clock> Clock for HostClock<C> {
    fn now(&self) -> Timestamp {
        let Ok(now) = contain::call(|| self.clock.now()) else {
            return Timestamp::from_micros(self.last.load(Ordering::Relaxed));
        };
        self.last.store(now.as_micros(), Ordering::Relaxed);
        now
    }

    fn tick(&self) -> Option<i64> {
        contain::call(|| self.clock.tick()).unwrap_or_default()
    }
}

/// What the kernel's clock shows without looking at the hardware: the time of its last tick, in nanoseconds.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn kernel_tick() -> Option<i64> {
    use rustix::time::{ClockId, clock_gettime};
    let tick = clock_gettime(ClockId::MonotonicCoarse);
    Some(tick.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(tick.tv_nsec))
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
const fn kernel_tick() -> Option<i64> {
    None
}
