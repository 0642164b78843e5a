//! What a run is created from, beside its plan.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::RunPolicy;
use crate::Semantics;
use crate::model::{RunId, Site, Timestamp};

/// The configs of a run that was given none: the documented defaults.
pub const DEFAULT_CONFIGS: &str = concat!(
    r#"{"window_size":"1920,1080","browser":"chrome","device":"Windows 10 PC","location":"us","mask_ids":null,"#,
    r#""interval":1,"min_wait_time":3,"max_wait_time":30,"timeout":300,"disable_animations":true,"#,
    r#""auto_height":true,"create_issue":true,"end_on_fail":true,"ai_analysis":false,"api_priority":false}"#
);

/// What makes one run of a plan: its id, when it was created, the site, the run's configs and its limits.
///
/// ```
/// use flowrun_core::{RunId, RunPolicy, RunSpec, Site, Timestamp};
///
/// let spec = RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::EPOCH, Site::new("https://example.com"));
/// let spec = spec.policy(RunPolicy::default().max_concurrent(2));
/// assert_eq!(spec.policy.max_concurrent, Some(2));
/// ```
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
    /// The reading of the flow that the run began with. A new run has the latest.
    #[serde(default = "Semantics::unnumbered", skip_serializing_if = "Semantics::is_unnumbered")]
    pub semantics: Semantics,
}

impl RunSpec {
    /// A run with the default configs and policy.
    #[must_use]
    pub fn new(id: RunId, created: Timestamp, site: impl Into<Arc<Site>>) -> Self {
        Self {
            id,
            created,
            site: site.into(),
            configs: None,
            policy: RunPolicy::default(),
            semantics: Semantics::default(),
        }
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

    /// Sets the reading of the flow, for a run that began with an earlier one.
    #[must_use]
    pub const fn semantics(mut self, semantics: Semantics) -> Self {
        self.semantics = semantics;
        self
    }

    pub(crate) fn configs_json(&self) -> &str {
        self.configs.as_deref().map_or(DEFAULT_CONFIGS, RawValue::get)
    }

    /// Whether the first failed node ends the run: absent means yes; null, `false`, 0 and `""` mean no.
    pub(crate) fn end_on_fail(&self) -> bool {
        // The defaults say so, and most runs have them.
        let Some(configs) = &self.configs else { return true };
        let configs: Value = serde_json::from_str(configs.get()).unwrap_or_default();
        match configs.get("end_on_fail") {
            Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty(),
            None | Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
        }
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
        let none_given =
            RunSpec::new(RunId::from_bytes([0; 16]), Timestamp::default(), Site::new("https://a.example"));
        assert_eq!(none_given.end_on_fail(), spec(DEFAULT_CONFIGS).end_on_fail());
    }
    #[test]
    fn a_run_that_was_stored_without_a_number_has_the_first_reading() {
        let spec =
            RunSpec::new(RunId::from_bytes([0; 16]), Timestamp::default(), Site::new("https://a.example"));
        let today = serde_json::to_string(&spec).unwrap();
        assert!(today.contains(r#""semantics":2"#), "{today}");
        let stored = today.replace(r#","semantics":2"#, "");
        let read: RunSpec = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.semantics, Semantics::V1);
        assert_eq!(serde_json::to_string(&read).unwrap(), stored, "it is written as it was");
    }
}
