//! Limits of a run, and what happens when something fails.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Attempt;
use crate::plan::OnUnknown;

/// Limits of a run that a host sets, and what happens to attempts that fail.
///
/// ```
/// use std::time::Duration;
/// use flowrun_core::{RetryPolicy, RunPolicy};
///
/// let policy = RunPolicy::default()
///     .attempt_timeout(Duration::from_secs(30))
///     .run_timeout(Duration::from_secs(3600))
///     .retry(RetryPolicy::default().max_attempts(3));
/// assert_eq!(policy.retry.max_attempts, 3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunPolicy {
    /// Entries a node may have, default 100,000. More are dropped with a line, and the node fails.
    pub max_objects: usize,
    /// Log lines of executors that are kept of a node, default 10,000. The rest is dropped with a line.
    pub max_log_lines: usize,
    /// Bytes of one line of the log, default 16 KiB. A longer one is cut, with a mark.
    pub max_line_bytes: usize,
    /// Bytes of one object as JSON, of its facts and of its entry each, default 64 KiB. A larger one fails the node.
    pub max_facts_bytes: usize,
    /// Bytes of one report as JSON, default 1 MiB. A larger one fails the node: tell of many objects in several
    /// reports. An attempt's log lines that wait to be written have as much room; more are dropped, with a line that
    /// tells how many.
    pub max_report_bytes: usize,
    /// Bytes of what is decided at once, default 16 MiB. An attempt's objects that wait to be written have as much room:
    /// more fail the node. What conditions compared is left out of the journal past it.
    pub max_decision_bytes: usize,
    /// How long one attempt may take; default: as long as it likes.
    pub attempt_timeout: Option<Duration>,
    /// How long the run may take; default: as long as it likes. Time in which no process had the run counts, time in
    /// which it was paused or waited for a person does not.
    pub run_timeout: Option<Duration>,
    /// How long all attempts of a node and the waits between them may take; default: as long as they like. What
    /// counts is the same; a node that waits for a person stops the clocks of itself and the run, not of others.
    pub node_timeout: Option<Duration>,
    /// How often an attempt that failed for a passing reason is made again.
    pub retry: RetryPolicy,
    /// What happens when nobody can know whether an attempt had its effect. Default: it may be made again.
    pub on_unknown: OnUnknown,
    /// Attempts in all, for a node at work when the process ends, default 3. It guards against a node that
    /// kills the process each time; the retries of the node count if they are more. The last of so many starts only
    /// when no other last one of the host is at work, in whatever run: who was only there when the process ended
    /// does not fail with the one that ends it.
    pub crash_attempts: u32,
    /// Attempts of this run at work at the same time, at least 1; default: as many as can be.
    pub max_concurrent: Option<u32>,
    /// Whether the host gives out slots, which each attempt then asks for before it starts. Default: no.
    pub slots: bool,
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self {
            max_objects: 100_000,
            max_log_lines: 10_000,
            max_line_bytes: 16 << 10,
            max_facts_bytes: 64 << 10,
            max_report_bytes: 1 << 20,
            max_decision_bytes: 16 << 20,
            attempt_timeout: None,
            run_timeout: None,
            node_timeout: None,
            retry: RetryPolicy::default(),
            on_unknown: OnUnknown::Retry,
            crash_attempts: 3,
            max_concurrent: None,
            slots: false,
        }
    }
}

impl RunPolicy {
    /// Sets the ceiling for the entries of a node.
    #[must_use]
    pub const fn max_objects(mut self, max_objects: usize) -> Self {
        self.max_objects = max_objects;
        self
    }

    /// Sets the ceiling for the log lines of a node.
    #[must_use]
    pub const fn max_log_lines(mut self, max_log_lines: usize) -> Self {
        self.max_log_lines = max_log_lines;
        self
    }

    /// Sets the ceiling for the bytes of a log line; below 64 it counts as 64.
    #[must_use]
    pub const fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.max_line_bytes = bytes;
        self
    }

    /// Sets the ceiling for the bytes of an object's facts, and of its entry.
    #[must_use]
    pub const fn max_facts_bytes(mut self, bytes: usize) -> Self {
        self.max_facts_bytes = bytes;
        self
    }

    /// Sets the ceiling for the bytes of a report.
    #[must_use]
    pub const fn max_report_bytes(mut self, bytes: usize) -> Self {
        self.max_report_bytes = bytes;
        self
    }

    /// Sets the ceiling for the bytes of a decision.
    #[must_use]
    pub const fn max_decision_bytes(mut self, bytes: usize) -> Self {
        self.max_decision_bytes = bytes;
        self
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long the run may take.
    #[must_use]
    pub const fn run_timeout(mut self, timeout: Duration) -> Self {
        self.run_timeout = Some(timeout);
        self
    }

    /// Sets how long all attempts of a node may take together.
    #[must_use]
    pub const fn node_timeout(mut self, timeout: Duration) -> Self {
        self.node_timeout = Some(timeout);
        self
    }

    /// Sets the retries.
    #[must_use]
    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets what happens when nobody can know whether an attempt had its effect.
    #[must_use]
    pub const fn on_unknown(mut self, on_unknown: OnUnknown) -> Self {
        self.on_unknown = on_unknown;
        self
    }

    /// Sets the attempts in all of a node that is at work when the process ends.
    #[must_use]
    pub const fn crash_attempts(mut self, attempts: u32) -> Self {
        self.crash_attempts = attempts;
        self
    }

    /// Sets how many attempts of the run may be at work at the same time.
    #[must_use]
    pub const fn max_concurrent(mut self, attempts: u32) -> Self {
        self.max_concurrent = Some(attempts);
        self
    }

    /// Sets whether the host gives out slots.
    #[must_use]
    pub const fn slots(mut self, slots: bool) -> Self {
        self.slots = slots;
        self
    }
}

/// How often, and after which wait, an attempt that failed for a passing reason is made again.
///
/// ```
/// use std::time::Duration;
/// use flowrun_core::RetryPolicy;
///
/// let retry = RetryPolicy::default().max_attempts(5).first_wait(Duration::from_secs(2)).max_wait(Duration::from_secs(60));
/// assert_eq!((retry.max_attempts, retry.first_wait.as_secs()), (5, 2));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, default 1: no retry.
    pub max_attempts: u32,
    /// The wait before the second attempt; it doubles with each further one. Default 1 s.
    pub first_wait: Duration,
    /// The longest wait. Default 60 s. One that the other side asks for may be longer, up to an hour: coming back
    /// before would be in vain. When it asks for more than that and `max_wait`, the node fails.
    pub max_wait: Duration,
    /// By how many percent of itself a wait may be shorter, 0 to 100, so that nodes that failed together do
    /// not come back together. Which share it is follows from the run, the node and the attempt. Default 20.
    pub jitter: u8,
}

/// What the other side can ask for whatever the policy says: the windows in which servers count requests are
/// mostly no longer.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 1,
            first_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(60),
            jitter: 20,
        }
    }
}

impl RetryPolicy {
    /// Sets the number of attempts in all; 0 counts as 1.
    #[must_use]
    pub const fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Sets the wait before the second attempt.
    #[must_use]
    pub const fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub const fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets by how many percent of itself a wait may be shorter.
    #[must_use]
    pub const fn jitter(mut self, percent: u8) -> Self {
        self.jitter = percent;
        self
    }

    /// How long to wait after `attempt` failed, when the other side asks for `retry_after`; `None` when it asks
    /// for longer than anybody is to wait. The seed spreads the waits; what the other side asks for is not made
    /// shorter.
    pub(super) fn wait_after(
        &self,
        attempt: Attempt,
        retry_after: Option<Duration>,
        seed: u64,
    ) -> Option<Duration> {
        let doubled = self.first_wait.saturating_mul(1 << (attempt.number() - 1).min(30)).min(self.max_wait);
        let most = doubled.as_micros() * u128::from(self.jitter.min(100)) / 100;
        // The upper half of the product: a number below `most`, as evenly spread as the seed.
        let less = (most * u128::from(seed >> 32)) >> 32;
        let wait = doubled - Duration::from_micros(u64::try_from(less).unwrap_or(u64::MAX)).min(doubled);
        let asked = retry_after.unwrap_or_default();
        (asked <= self.longest_asked()).then(|| wait.max(asked))
    }

    /// The longest wait that the other side can ask for.
    pub(super) fn longest_asked(&self) -> Duration {
        self.max_wait.max(LONGEST_ASKED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32) -> Attempt {
        (1..number).fold(Attempt::FIRST, |attempt, _| attempt.next())
    }

    #[test]
    fn waits_double_up_to_the_longest_and_honour_retry_after() {
        let policy = RetryPolicy::default().max_wait(Duration::from_secs(10)).jitter(0);
        let wait = |number: u32, asked: Option<u64>| {
            let wait = policy.wait_after(attempt(number), asked.map(Duration::from_secs), 7);
            wait.map(|wait| wait.as_secs())
        };
        assert_eq!(wait(1, None), Some(1));
        assert_eq!(wait(3, None), Some(4));
        assert_eq!(wait(8, None), Some(10));
        assert_eq!(wait(65_535, None), Some(10));
        assert_eq!(wait(1, Some(7)), Some(7));
        assert_eq!(wait(3, Some(2)), Some(4));
        assert_eq!(wait(1, Some(70)), Some(70));
        assert_eq!(wait(1, Some(3600)), Some(3600));
        assert_eq!(wait(1, Some(3601)), None);
    }

    #[test]
    fn a_longer_longest_wait_lets_the_other_side_ask_for_more() {
        let day = Duration::from_secs(24 * 3600);
        let policy = RetryPolicy::default().max_wait(day).jitter(0);
        assert_eq!(policy.wait_after(Attempt::FIRST, Some(day), 7), Some(day));
        assert_eq!(policy.wait_after(Attempt::FIRST, Some(day + Duration::from_secs(1)), 7), None);
    }

    #[test]
    fn the_seed_spreads_the_waits_and_no_wait_is_longer_for_it() {
        let policy = RetryPolicy::default().first_wait(Duration::from_secs(100)).max_wait(Duration::MAX);
        let wait = |seed| policy.wait_after(Attempt::FIRST, None, seed).unwrap();
        assert_eq!(wait(0), Duration::from_secs(100));
        assert_eq!(wait(u64::MAX / 2).as_secs(), 90);
        assert_eq!(wait(u64::MAX).as_secs(), 80);
        let longest = policy.first_wait(Duration::MAX).wait_after(attempt(40), None, u64::MAX).unwrap();
        assert!(longest > Duration::from_secs(u64::MAX / 2), "{longest:?}");
    }
}
