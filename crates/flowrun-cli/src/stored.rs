//! Stored runs, looked at without driving them.

use std::sync::Arc;

use flowrun::{
    Flow, JournalLine, Plan, PlanError, ReadError, ReplayError, Run, RunId, Site, Skipped, Store, StoreError,
};
use url::Url;

use crate::exit::Exit;
use crate::render::Reasons;
use crate::wiring;

/// A stored run as it stands.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) run: Run,
    pub(crate) lines: Vec<JournalLine>,
}

/// A stored run cannot be made out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredError {
    /// Its store cannot be read.
    #[error("could not read the run")]
    Store(#[from] StoreError),
    /// Its flow cannot be read.
    #[error("the flow of run `{0}` cannot be read")]
    Flow(RunId, #[source] ReadError),
    /// Its flow is no plan for this program.
    #[error("run `{0}` cannot be followed")]
    Plan(RunId, #[source] PlanError),
    /// Its journal is not that of such a run.
    #[error("the journal of run `{0}` does not fit its flow")]
    Replay(RunId, #[source] ReplayError),
}

impl StoredError {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Plan(..) => Exit::Refused,
            Self::Store(_) | Self::Flow(..) | Self::Replay(..) => Exit::NotFound,
        }
    }
}

impl Stored {
    /// Reads a run and folds its journal.
    pub(crate) fn read(store: &impl Store, id: RunId) -> Result<Self, StoredError> {
        let (stored, _journal) = store.open(id)?;
        let flow =
            Flow::from_json(Arc::clone(&stored.new.flow)).map_err(|error| StoredError::Flow(id, error))?;
        let plan = Plan::of_run(&flow, &wiring::task_types(), stored.new.spec.semantics)
            .map_err(|refused| StoredError::Plan(id, refused))?;
        let lines = stored.lines.iter().map(|line| (line.at, &line.record));
        let run = Run::replay(Arc::new(plan), stored.new.spec, lines)
            .map_err(|error| StoredError::Replay(id, error))?;
        Ok(Self { run, lines: stored.lines })
    }
}

impl Stored {
    /// Why nodes of the run were skipped.
    pub(crate) fn reasons(&self) -> Reasons {
        let mut skipped = Skipped::default();
        self.lines.iter().for_each(|line| skipped.note(&line.record));
        Reasons::of(&skipped, self.run.plan())
    }
}

/// The addresses that a site and its pages have. Whoever started its run named them.
pub(crate) fn addresses(site: &Site) -> impl Iterator<Item = Url> {
    let pages = site.pages().iter().map(|page| page.page_url());
    std::iter::once(site.site_url()).chain(pages).filter_map(|url| url.parse().ok())
}
