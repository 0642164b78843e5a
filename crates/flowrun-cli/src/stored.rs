//! Stored runs, looked at without driving them.

use flowrun::{
    JournalLine, Run, RunId, RunState, Site, Skipped, SqliteStore, StoreError, StoredRunError, TaskTypes,
};
use url::Url;

use crate::exit::Exit;
use crate::render::Reasons;

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
    /// Its flow cannot be read, or is no plan for this program, or its journal is not that of such a run.
    #[error("run `{run}` cannot be made out")]
    NotReplayed {
        /// The run.
        run: RunId,
        /// Why not.
        source: StoredRunError,
    },
}

impl StoredError {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::NotReplayed { source: StoredRunError::Refused(_), .. } => Exit::Refused,
            Self::Store(_) | Self::NotReplayed { .. } => Exit::NotFound,
        }
    }
}

impl Stored {
    /// Reads a run and folds its journal, also while somebody writes it. A server takes more task types than this program
    /// can do, so those that can be looked at are all documented ones.
    pub(crate) fn read(store: &SqliteStore, id: RunId) -> Result<Self, StoredError> {
        let stored = store.stored(id)?;
        let run = stored.replay(&TaskTypes::documented());
        let run = run.map_err(|source| StoredError::NotReplayed { run: id, source })?;
        Ok(Self { run, lines: stored.lines })
    }
}

impl Stored {
    /// The number of the last line of its journal.
    pub(crate) fn last(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.seq)
    }

    /// How the run stands where nobody drives it: over, waiting for somebody to let it go on, or else lost.
    pub(crate) fn left(&self) -> RunState {
        match self.run.state() {
            // Whatever was at work has ended with its process.
            RunState::Paused { .. } => RunState::Paused { at_rest: true },
            RunState::Working | RunState::AwaitingPerson { at_rest: false } => RunState::Lost,
            other => other,
        }
    }

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
