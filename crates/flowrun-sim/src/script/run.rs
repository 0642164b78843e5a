//! What a run by a script is created from.

use flowrun_core::{Page, RetryPolicy, RunId, RunPolicy, RunSpec, Site, TaskTypes, Timestamp};
use serde_json::value::RawValue;

use super::{RunSettings, Script};

impl Script {
    /// The id of a run by this script, the same for the same seed.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        let mut bytes = *b"scripted........";
        bytes[8..].copy_from_slice(&self.seed.to_be_bytes());
        RunId::from_bytes(bytes)
    }

    /// What a run by this script is created from.
    #[must_use]
    pub fn run_spec(&self, created: Timestamp) -> RunSpec {
        let mut spec = RunSpec::new(self.run_id(), created, self.run.site()).policy(self.run.policy());
        spec.configs = self.run.configs_json();
        spec
    }
}

impl RunSettings {
    /// The task types a flow may name: the documented ones, and the script's own.
    #[must_use]
    pub fn task_types(&self) -> TaskTypes {
        let own = self.own_types.iter();
        own.fold(TaskTypes::documented(), |types, (name, role)| types.with(name, *role))
    }

    /// The site with its pages.
    #[must_use]
    pub fn site(&self) -> Site {
        let url = self.site.as_deref().unwrap_or("https://example.com");
        let pages =
            if self.pages.is_empty() { vec![url] } else { self.pages.iter().map(|it| &**it).collect() };
        pages.into_iter().fold(Site::new(url), |site, page| site.with_page(Page::new(page)))
    }

    /// Limits and retries.
    #[must_use]
    pub fn policy(&self) -> RunPolicy {
        // A wait is what the script says, to the microsecond.
        let mut retry = RetryPolicy::default().max_attempts(self.max_attempts.unwrap_or(1)).jitter(0);
        if let Some(wait) = self.first_wait {
            retry = retry.first_wait(wait);
            retry.max_wait = retry.max_wait.max(wait);
        }
        let mut policy = RunPolicy::default().retry(retry);
        policy.attempt_timeout = self.attempt_timeout;
        policy.run_timeout = self.run_timeout;
        policy
    }

    fn configs_json(&self) -> Option<Box<RawValue>> {
        let configs = self.configs.as_ref()?;
        Some(serde_json::value::to_raw_value(configs).expect("a JSON object can be written"))
    }
}
