//! What a store keeps of a run beside its journal.

use std::any::Any;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use flowrun_core::{Flow, ReadError, ReadLimits, RunId, RunSpec, RunStatus, Timestamp};

use crate::JournalLine;

/// What a run is made of: enough to run it again from nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewRun {
    /// Its id, site, configs and limits.
    pub spec: RunSpec,
    /// The JSON text of its flow.
    pub flow: Arc<str>,
    /// The names of the secrets it may use; their values are never stored.
    pub secrets: Vec<String>,
    host_data: Option<Arc<dyn Any + Send + Sync>>,
    /// The title of its flow, once it is known.
    title: OnceLock<Option<String>>,
}

impl NewRun {
    /// A run of the flow with this JSON text, without secrets.
    #[must_use]
    pub fn new(spec: RunSpec, flow: impl Into<Arc<str>>) -> Self {
        Self { spec, flow: flow.into(), secrets: Vec::new(), host_data: None, title: OnceLock::new() }
    }

    /// Sets the names of its secrets.
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.secrets = secrets.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the title of its flow, for whoever has read the flow already. Default: it is read from the text.
    #[must_use]
    pub fn with_title(mut self, title: Option<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets what the host's part of the store is to know of it, such as the account it runs for. It is handed over
    /// with the transaction that stores the run (`HostTables`) and is not stored.
    #[must_use]
    pub fn with_host_data(mut self, data: impl Any + Send + Sync) -> Self {
        self.host_data = Some(Arc::new(data));
        self
    }

    /// The same, with data that is shared already.
    #[must_use]
    pub fn with_shared_host_data(mut self, data: Arc<dyn Any + Send + Sync>) -> Self {
        self.host_data = Some(data);
        self
    }

    /// What the host's part of the store is to know of it; `None` when that is nothing, or of another type.
    #[must_use]
    pub fn host_data<T: Any>(&self) -> Option<&T> {
        self.host_data.as_deref()?.downcast_ref()
    }

    /// Its flow, read again.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the text is no flow.
    pub fn read_flow(&self) -> Result<Flow, ReadError> {
        // It was read before, with whatever ceilings its host had set.
        let limits = ReadLimits::default().max_bytes(usize::MAX).max_nodes(usize::MAX).max_edges(usize::MAX);
        Flow::from_json_limited(Arc::clone(&self.flow), &limits)
    }

    /// The title of its flow, if it has one.
    pub(crate) fn title(&self) -> Option<&str> {
        let read = || self.read_flow().ok()?.title().map(Cow::into_owned);
        self.title.get_or_init(read).as_deref()
    }
}

/// A run as it was stored: what it is made of, and every line of its journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredRun {
    /// What it is made of.
    pub new: NewRun,
    /// Its journal from the first line on.
    pub lines: Vec<JournalLine>,
}

impl StoredRun {
    /// A run with its whole journal. For stores.
    #[must_use]
    pub const fn new(new: NewRun, lines: Vec<JournalLine>) -> Self {
        Self { new, lines }
    }
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The title of its flow.
    pub title: Option<String>,
    /// The address of its site.
    pub site: String,
    /// When it was created.
    pub created: Timestamp,
    /// When the last line of its journal was decided.
    pub updated: Timestamp,
    /// How it stands by its journal.
    pub status: RunStatus,
    /// The number of the last line of its journal.
    pub seq: u64,
}

impl RunSummary {
    /// A run with how it stands. For stores.
    #[must_use]
    pub fn new(new: &NewRun, updated: Timestamp, status: RunStatus, seq: u64) -> Self {
        Self {
            id: new.spec.id,
            title: new.title().map(str::to_owned),
            site: new.spec.site.site_url().to_owned(),
            created: new.spec.created,
            updated,
            status,
            seq,
        }
    }
}

/// Which runs to list. The default lets all of them through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunFilter {
    /// Only runs that are not closed. Default: all.
    pub open: bool,
    /// How many at most. Default: no limit, which a store of many closed runs makes expensive.
    pub limit: usize,
    /// Only runs that stand behind this one in the list. Default: from the beginning.
    pub after: Option<(Timestamp, RunId)>,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self { open: false, limit: usize::MAX, after: None }
    }
}

impl RunFilter {
    /// Whether the run is one of those, apart from the limit. For stores.
    #[must_use]
    pub fn lets_through(&self, run: &RunSummary) -> bool {
        let is_behind = self.after.is_none_or(|after| (run.created, run.id) < after);
        is_behind && !(self.open && run.status.is_over())
    }

    /// Lets only runs through that are not closed.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Sets how many are listed at most.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on behind the last run of a list. A run that has gone meanwhile does no harm.
    #[must_use]
    pub const fn after(mut self, last: &RunSummary) -> Self {
        self.after = Some((last.created, last.id));
        self
    }
}

#[cfg(test)]
mod tests {
    use flowrun_core::Site;

    use super::*;

    fn summary(flow: &str, set: impl FnOnce(NewRun) -> NewRun) -> Option<String> {
        let spec =
            RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::default(), Site::new("https://a.example"));
        let new = set(NewRun::new(spec, flow));
        RunSummary::new(&new, Timestamp::default(), RunStatus::Working, 1).title
    }

    #[test]
    fn whoever_knows_the_title_spares_reading_the_flow() {
        assert_eq!(
            summary("no flow", |new| new.with_title(Some("Nightly".to_owned()))),
            Some("Nightly".to_owned())
        );
        assert_eq!(summary(r#"{"title":"Nightly","nodes":[],"edges":[]}"#, |new| new.with_title(None)), None);
    }

    /// With more nodes than a document may have that is read without a word on limits.
    #[test]
    fn a_large_flow_has_its_title() {
        let nodes = r#"{"id":"1"},"#.repeat(1_000_001);
        let flow = format!(r#"{{"title":"Nightly","nodes":[{}],"edges":[]}}"#, nodes.trim_end_matches(','));
        assert!(Flow::from_json(flow.as_str()).is_err(), "it is above the limits");
        assert_eq!(summary(&flow, |new| new), Some("Nightly".to_owned()));
    }
}
