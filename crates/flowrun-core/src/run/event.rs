//! What goes into a run and what comes out of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::condition::Evaluation;
use crate::model::{Attempt, NodeIx, NodeStatus, RunStatus, Timestamp};
use crate::task::{ErrorClass, ObjectReport, Outcome, Report};

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// The run begins. The first event, once.
    Started,
    /// An executor reported something.
    Reported {
        /// The node it works for.
        node: NodeIx,
        /// Its attempt.
        attempt: Attempt,
        /// What it said.
        report: Report,
    },
    /// An executor returned.
    AttemptEnded {
        /// The node it worked for.
        node: NodeIx,
        /// Its attempt.
        attempt: Attempt,
        /// How it ended.
        outcome: Outcome,
    },
    /// An executor that was told to stop did not return in time and was dropped.
    AttemptStopped {
        /// The node it worked for.
        node: NodeIx,
        /// Its attempt.
        attempt: Attempt,
    },
    /// A timer that a [`Command::SetTimer`] asked for has fired.
    TimerFired(Timer),
    /// Somebody asked for the run to be cancelled.
    CancelRequested,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// The deadline of an attempt.
    Attempt {
        /// The node.
        node: NodeIx,
        /// The attempt that is to end by then.
        attempt: Attempt,
    },
    /// The end of the wait before another attempt.
    Retry {
        /// The node.
        node: NodeIx,
        /// The attempt that is to start then.
        attempt: Attempt,
    },
    /// The deadline of the whole run.
    Run,
}

/// An order to the driver. It is carried out only after the records of the same decision are written.
///
/// Not `non_exhaustive`: a driver that skipped an order it does not know would hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call the executor of the node with [`Run::task`](crate::Run::task).
    Start {
        /// The node.
        node: NodeIx,
        /// The attempt, which its reports must carry.
        attempt: Attempt,
    },
    /// Tell an attempt to stop; drop it after a grace period and say so with [`Event::AttemptStopped`].
    Stop {
        /// The node.
        node: NodeIx,
        /// The attempt.
        attempt: Attempt,
    },
    /// Send [`Event::TimerFired`] at that time, not before. A timer that no longer matters does no harm.
    SetTimer {
        /// What for.
        timer: Timer,
        /// When.
        at: Timestamp,
    },
    /// The run is over: nothing is working any more.
    End,
}

/// One line of a run's journal: what was decided, enough to rebuild the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Record {
    /// The run began.
    RunStarted,
    /// An executor is to be called.
    AttemptStarted {
        /// The node.
        node: NodeIx,
        /// Which call.
        attempt: Attempt,
    },
    /// A receiver had nothing to work on and passed without its executor being called.
    NothingToSend {
        /// The node.
        node: NodeIx,
    },
    /// Entries were registered or changed.
    Objects {
        /// The node.
        node: NodeIx,
        /// The entries as reported.
        objects: Box<[ObjectReport]>,
    },
    /// A line was added to the log of a node.
    Logged {
        /// The node.
        node: NodeIx,
        /// The line.
        message: Box<str>,
    },
    /// The conditions of a node were judged for one of its entries.
    Judged {
        /// The node.
        node: NodeIx,
        /// Place of the entry in the node's `objects`.
        entry: u32,
        /// The side the object goes to; `None` for neither.
        side: Option<bool>,
        /// What was compared; `None` when nothing was (an incomplete test).
        evaluation: Option<Box<Evaluation>>,
    },
    /// An attempt failed, and another one follows at `not_before`.
    RetryScheduled {
        /// The node.
        node: NodeIx,
        /// The attempt that follows.
        attempt: Attempt,
        /// How the one before failed.
        class: ErrorClass,
        /// When it may start.
        not_before: Timestamp,
    },
    /// A node is done, and what follows from it is decided.
    NodeEnded {
        /// The node.
        node: NodeIx,
        /// Its last attempt, or the one it was still waiting for.
        attempt: Attempt,
        /// Passed or failed.
        status: NodeStatus,
    },
    /// An empty node was reached: it ends its branch.
    EmptyReached {
        /// The node.
        node: NodeIx,
        /// Whether the wire shows it as finalized.
        finalized: bool,
    },
    /// A node is never going to start: no edge into it is taken.
    NodeSkipped {
        /// The node.
        node: NodeIx,
    },
    /// Something came from an attempt that is no longer at work. It is kept for the audit and changes nothing.
    Late {
        /// The node.
        node: NodeIx,
        /// The attempt it came from.
        attempt: Attempt,
    },
    /// Cancelling began: nothing new starts, what works is told to stop.
    CancelRequested,
    /// The run's deadline passed: nothing new starts, what works is told to stop.
    RunTimedOut,
    /// The run is closed.
    RunEnded {
        /// How.
        status: RunStatus,
        /// The node of the closing line: the one that was finalized last.
        step: NodeIx,
    },
}

impl Record {
    /// The node it is about, if it is about one.
    #[must_use]
    pub const fn node(&self) -> Option<NodeIx> {
        match self {
            Self::AttemptStarted { node, .. }
            | Self::NothingToSend { node }
            | Self::Objects { node, .. }
            | Self::Logged { node, .. }
            | Self::Judged { node, .. }
            | Self::RetryScheduled { node, .. }
            | Self::NodeEnded { node, .. }
            | Self::EmptyReached { node, .. }
            | Self::NodeSkipped { node }
            | Self::Late { node, .. } => Some(*node),
            Self::RunStarted | Self::CancelRequested | Self::RunTimedOut | Self::RunEnded { .. } => None,
        }
    }

    /// How the run stands from here on, if the record decides that. A store keeps it beside the journal, so
    /// that open runs can be found without reading theirs.
    #[must_use]
    pub const fn run_status(&self) -> Option<RunStatus> {
        match self {
            Self::RunStarted => Some(RunStatus::Working),
            Self::RunEnded { status, .. } => Some(*status),
            Self::AttemptStarted { .. }
            | Self::NothingToSend { .. }
            | Self::Objects { .. }
            | Self::Logged { .. }
            | Self::Judged { .. }
            | Self::RetryScheduled { .. }
            | Self::NodeEnded { .. }
            | Self::EmptyReached { .. }
            | Self::NodeSkipped { .. }
            | Self::Late { .. }
            | Self::CancelRequested
            | Self::RunTimedOut => None,
        }
    }
}

/// What one event led to. Borrowed from the run, which reuses the buffers: an ordinary decision allocates
/// nothing.
#[derive(Debug)]
pub struct Decision<'run> {
    /// What to write down, in one transaction.
    pub records: &'run [Record],
    /// What to do once it is written, in this order.
    pub commands: &'run [Command],
}

/// An event that cannot follow the ones before it. The run is exactly as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// Only [`Event::Started`] can come first.
    #[error("the run has not started")]
    NotStarted,
    /// A run starts once.
    #[error("the run has started already")]
    AlreadyStarted,
    /// Nothing changes a closed run.
    #[error("the run is over")]
    RunIsOver,
    /// The node was never started, so nothing can come from it.
    #[error("no attempt of the node at place {} was ever started", .0.index())]
    NeverStarted(NodeIx),
    /// The flow has no such node.
    #[error("the flow has no node at place {}", .0.index())]
    UnknownNode(NodeIx),
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { node, attempt } => write!(f, "attempt {}#{attempt}", node.index()),
            Self::Retry { node, attempt } => write!(f, "retry {}#{attempt}", node.index()),
            Self::Run => f.write_str("run"),
        }
    }
}
