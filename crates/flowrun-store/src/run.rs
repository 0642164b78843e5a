//! What a store keeps of a run beside its journal.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

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
}

impl NewRun {
    /// A run of the flow with this JSON text, without secrets.
    #[must_use]
    pub fn new(spec: RunSpec, flow: impl Into<Arc<str>>) -> Self {
        Self { spec, flow: flow.into(), secrets: Vec::new(), host_data: None }
    }

    /// Sets the names of its secrets.
    #[must_use]
    pub fn secrets(mut self, secrets: Vec<String>) -> Self {
        self.secrets = secrets;
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
    pub(crate) fn title(&self) -> Option<String> {
        let flow = Flow::from_json(Arc::clone(&self.flow)).ok()?;
        flow.title().map(Cow::into_owned)
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
            title: new.title(),
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
