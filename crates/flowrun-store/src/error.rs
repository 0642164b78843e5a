//! Why a store could not do what it was asked.

use std::error::Error;
use std::sync::Arc;

use flowrun_core::RunId;

/// A store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a run of this id, or was one.
    #[error("there is a run `{0}` already")]
    AlreadyExists(RunId),
    /// There is no run of this id.
    #[error("there is no run `{0}` in this store")]
    NotFound(RunId),
    /// The run has a writer.
    #[error("run `{0}` is being written by somebody else")]
    InUse(RunId),
    /// The run is not closed.
    #[error("run `{0}` is not over")]
    StillOpen(RunId),
    /// The beginning of the journal is no longer kept.
    #[error("the first {missed} lines of run `{run}` are no longer kept")]
    Incomplete {
        /// The run.
        run: RunId,
        /// How many lines are gone.
        missed: u64,
    },
    /// What is stored is not what was written.
    #[error("run `{run}` is damaged: {what}")]
    Damaged {
        /// The run.
        run: RunId,
        /// What does not fit.
        what: String,
    },
    /// The disk is nearly full. What is left of it is for the runs under way.
    #[error("the disk is nearly full, so run `{0}` is not stored")]
    NoSpace(RunId),
    /// The store takes no decision like this one, or no such run. Nothing of it is stored; other runs do not notice. The
    /// run stays as it was before, and its journal takes nothing more until the run is opened anew.
    #[error("run `{run}` decided what cannot be stored")]
    Unstorable {
        /// The run.
        run: RunId,
        /// Why not.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A write failed, this one or an earlier one. What is in memory may no longer be what is on the disk, so
    /// nothing more is written or acknowledged until the store is opened again.
    #[error("the store stopped writing")]
    FailStop {
        /// How the first write that failed did so.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The host's function for its own tables would not have it. Nothing of the decision is stored.
    #[error("the host refused to have run `{run}` stored")]
    Refused {
        /// The run.
        run: RunId,
        /// What the host said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store could not be read.
    #[error("could not {action}")]
    Unreadable {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store could not be copied.
    #[error("could not back up the store")]
    NotBackedUp {
        /// Why not.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store has nothing for what it was asked: it has no [`Maintenance`](crate::Maintenance), or not all of it.
    #[error("this store cannot {0}")]
    Unsupported(&'static str),
    /// Something failed that is about one run alone.
    #[error("could not {action} the journal of run `{run}`")]
    Failed {
        /// The run.
        run: RunId,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// What to do about it; `None` when the message says all there is.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyExists(_) => Some("ids of deleted runs stay taken: choose another one"),
            Self::InUse(_) => Some("wait for the run's driver to end"),
            Self::StillOpen(_) => Some("cancel the run first"),
            Self::Incomplete { .. } => Some("use a store that keeps whole journals to resume runs"),
            Self::Damaged { .. } => Some("verify the store, and restore the run from a backup"),
            Self::NoSpace(_) => Some("make room on the disk"),
            Self::Unstorable { .. } => Some("bound what its nodes report, with the limits of its policy"),
            Self::FailStop { .. } => {
                Some("see to the disk, then open the store again: its runs can be resumed")
            }
            Self::Unsupported(_) => Some("use a store that can, such as one in an SQLite file"),
            Self::NotFound(_)
            | Self::Refused { .. }
            | Self::Unreadable { .. }
            | Self::NotBackedUp { .. }
            | Self::Failed { .. } => None,
        }
    }
}
