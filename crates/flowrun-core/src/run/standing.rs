//! How a run stands, in more words than the wire has.

use std::fmt;

use serde::Serialize;

use super::{Phase, Run};
use crate::model::RunStatus;

/// How a run stands. The wire calls every run that is not over `working`; this tells those apart.
///
/// It compares with a [`RunStatus`] by the [word of the wire](Self::status).
///
/// ```
/// use flowrun_core::{RunState, RunStatus};
///
/// let resting = RunState::Paused { at_rest: true };
/// assert_eq!(resting, RunStatus::Working);
/// assert_ne!(resting, RunState::Working);
/// assert!(resting.is_at_rest() && !resting.is_over());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunState {
    /// Nodes are at work, or wait for something that comes by itself.
    #[default]
    Working,
    /// Somebody paused it.
    Paused {
        /// Whether what was at work has ended, so that nothing happens until somebody resumes it.
        at_rest: bool,
    },
    /// A node waits for a person, because nobody can know whether it had its effect.
    AwaitingPerson {
        /// Whether nothing else of the run works or waits.
        at_rest: bool,
    },
    /// It is open and nobody drives it here: its engine was shut down, its driver was lost, or its journal could not be
    /// written. It can be taken up again.
    Lost,
    /// It is over, and no node failed.
    Passed,
    /// It is over, and at least one node failed.
    Failed,
    /// It is over because somebody cancelled it.
    Cancelled,
}

impl RunState {
    /// The word of the wire.
    #[must_use]
    pub const fn status(self) -> RunStatus {
        match self {
            Self::Working | Self::Paused { .. } | Self::AwaitingPerson { .. } | Self::Lost => {
                RunStatus::Working
            }
            Self::Passed => RunStatus::Passed,
            Self::Failed => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
        }
    }

    /// Whether the run is closed.
    #[must_use]
    pub const fn is_over(self) -> bool {
        self.status().is_over()
    }

    /// Whether the run goes on only when a person asks for it.
    #[must_use]
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Paused { at_rest: true } | Self::AwaitingPerson { at_rest: true })
    }
}

/// A status of the wire, taken at its word.
impl From<RunStatus> for RunState {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Working => Self::Working,
            RunStatus::Passed => Self::Passed,
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl PartialEq<RunStatus> for RunState {
    fn eq(&self, status: &RunStatus) -> bool {
        self.status() == *status
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Paused { at_rest: false } => "pausing",
            Self::Paused { at_rest: true } => "paused",
            Self::AwaitingPerson { at_rest: false } => "working, awaiting a person",
            Self::AwaitingPerson { at_rest: true } => "awaiting a person",
            Self::Lost => "lost",
            Self::Working => "working",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

impl Run {
    /// How the run stands. A run does not know whether anybody drives it, so it is never [`RunState::Lost`].
    #[must_use]
    pub fn state(&self) -> RunState {
        match self.phase {
            Phase::Over(status) => status.into(),
            Phase::Open | Phase::Failing if self.is_paused => RunState::Paused { at_rest: self.is_at_rest() },
            Phase::Open | Phase::Failing if self.detours.any_held() => {
                RunState::AwaitingPerson { at_rest: self.is_at_rest() }
            }
            Phase::New | Phase::Open | Phase::Failing | Phase::Cancelling | Phase::TimingOut => {
                RunState::Working
            }
        }
    }
}
