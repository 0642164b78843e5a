//! What a run is created from, beside its plan.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Attempt, RunId, Site, Timestamp};
use crate::task::Failure;

/// The configs of a run that was given none: the documented defaults.
pub const DEFAULT_CONFIGS: &str = concat!(
    r#"{"window_size":"1920,1080","browser":"chrome","device":"Windows 10 PC","location":"us","mask_ids":null,"#,
    r#""interval":1,"min_wait_time":3,"max_wait_time":30,"timeout":300,"disable_animations":true,"#,
    r#""auto_height":true,"create_issue":true,"end_on_fail":true,"ai_analysis":false,"api_priority":false}"#
);

/// What makes one run of a plan: its id, when it was created, the site, the run's configs and its limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSpec {
    /// The id of the run, chosen by whoever creates it.
    pub id: RunId,
    /// When it was created.
    pub created: Timestamp,
    /// What it runs on.
    pub site: Arc<Site>,
    /// The run's configs as JSON text; `None` for [`DEFAULT_CONFIGS`].
    pub configs: Option<Box<RawValue>>,
    /// Limits and retries.
    pub policy: RunPolicy,
}

impl RunSpec {
    /// A run with the default configs and policy.
    #[must_use]
    pub fn new(id: RunId, created: Timestamp, site: impl Into<Arc<Site>>) -> Self {
        Self { id, created, site: site.into(), configs: None, policy: RunPolicy::default() }
    }

    /// Sets the run's configs.
    #[must_use]
    pub fn configs(mut self, configs: Box<RawValue>) -> Self {
        self.configs = Some(configs);
        self
    }

    /// Sets limits and retries.
    #[must_use]
    pub const fn policy(mut self, policy: RunPolicy) -> Self {
        self.policy = policy;
        self
    }

    pub(crate) fn configs_json(&self) -> &str {
        self.configs.as_deref().map_or(DEFAULT_CONFIGS, RawValue::get)
    }

    /// Whether the first failed node ends the run: absent means yes; null, `false`, 0 and `""` mean no.
    pub(crate) fn end_on_fail(&self) -> bool {
        let configs: Value = serde_json::from_str(self.configs_json()).unwrap_or_default();
        match configs.get("end_on_fail") {
            Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty(),
            None | Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
        }
    }
}

/// Limits of a run that a host sets, and what happens to attempts that fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunPolicy {
    /// Entries a node may have, default 100,000. More are dropped with a line, and the node fails.
    pub max_objects: usize,
    /// Log lines of executors that are kept of a node, default 10,000. The rest is dropped with a line.
    pub max_log_lines: usize,
    /// How long one attempt may take; default: as long as it likes.
    pub attempt_timeout: Option<Duration>,
    /// How long the run may take; default: as long as it likes.
    pub run_timeout: Option<Duration>,
    /// How often an attempt that failed for a passing reason is made again.
    pub retry: RetryPolicy,
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self {
            max_objects: 100_000,
            max_log_lines: 10_000,
            attempt_timeout: None,
            run_timeout: None,
            retry: RetryPolicy::default(),
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

    /// Sets the retries.
    #[must_use]
    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

/// How often, and after which wait, an attempt that failed for a passing reason is made again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, default 1: no retry.
    pub max_attempts: u32,
    /// The wait before the second attempt; it doubles with each further one. Default 1 s.
    pub first_wait: Duration,
    /// The longest wait, also when the other side asks for more. Default 60 s.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 1, first_wait: Duration::from_secs(1), max_wait: Duration::from_secs(60) }
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

    /// How long to wait after `attempt` failed this way; `None` when it was the last one.
    #[must_use]
    pub(crate) fn wait_after(&self, attempt: Attempt, failure: &Failure) -> Option<Duration> {
        if attempt.number() >= self.max_attempts || !failure.class.is_transient() {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(1 << (attempt.number() - 1).min(30));
        Some(doubled.max(failure.retry_after.unwrap_or_default()).min(self.max_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_end_on_fail_means_true_and_falsy_values_mean_false() {
        let spec = |configs: &str| {
            RunSpec::new(RunId::from_bytes([0; 16]), Timestamp::default(), Site::new("https://a.example"))
                .configs(RawValue::from_string(configs.to_owned()).unwrap())
        };
        for (configs, expected) in [
            ("{}", true),
            (r#"{"end_on_fail":true}"#, true),
            (r#"{"end_on_fail":"false"}"#, true),
            (r#"{"end_on_fail":2}"#, true),
            (r#"{"end_on_fail":null}"#, false),
            (r#"{"end_on_fail":0}"#, false),
            (r#"{"end_on_fail":""}"#, false),
            (r#"{"end_on_fail":false}"#, false),
        ] {
            assert_eq!(spec(configs).end_on_fail(), expected, "{configs}");
        }
        assert!(serde_json::from_str::<Value>(DEFAULT_CONFIGS).unwrap().is_object());
    }

    #[test]
    fn waits_double_up_to_the_longest_and_honour_retry_after() {
        let policy = RetryPolicy::default().max_attempts(9).max_wait(Duration::from_secs(10));
        let failure =
            |retry_after| Failure { class: crate::ErrorClass::Transient, message: None, retry_after };
        let wait = |attempt: u32, retry_after| {
            let attempt = (1..attempt).fold(Attempt::FIRST, |attempt, _| attempt.next());
            policy.wait_after(attempt, &failure(retry_after)).map(|wait| wait.as_secs())
        };
        assert_eq!(wait(1, None), Some(1));
        assert_eq!(wait(3, None), Some(4));
        assert_eq!(wait(8, None), Some(10));
        assert_eq!(wait(1, Some(Duration::from_secs(7))), Some(7));
        assert_eq!(wait(9, None), None);
    }
}
