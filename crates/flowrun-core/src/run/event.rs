//! What goes into a run and what comes out of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::condition::Evaluation;
use crate::model::{Attempt, Call, NodeIx, NodeStatus, RunStatus, Timestamp};
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
    /// An attempt broke a limit of its host, who takes nothing more of it.
    LimitBroken {
        /// The node.
        node: NodeIx,
        /// Its attempt.
        attempt: Attempt,
        /// Which limit, for the log.
        limit: String,
    },
    /// A timer that a [`Command::SetTimer`] asked for has fired.
    TimerFired(Timer),
    /// The host gave the slot that a [`Command::AcquireSlot`] asked for.
    SlotGranted {
        /// The node.
        node: NodeIx,
        /// The attempt that asked.
        attempt: Attempt,
    },
    /// Somebody asked for the run to be cancelled.
    CancelRequested,
    /// Somebody asked for nothing new to start.
    PauseRequested,
    /// Somebody asked for a paused run to go on, and for nodes that wait for a person to be tried again.
    ResumeRequested,
    /// Somebody asked for nodes of a run that is over to be done once more.
    RerunRequested(Rerun),
    /// The run was read from its journal by a new process: whatever was at work has died with the old one. The
    /// first event of such a run, unless it is over.
    Recovered {
        /// The number of this opening of the store.
        epoch: u64,
    },
    /// The same, after a process that let go of the run in order: it was shut down, or could not write any more. What
    /// was at work was dropped by it, and is not what ended it.
    TakenOver {
        /// The number of this opening of the store.
        epoch: u64,
    },
}

/// Which nodes of a run that is over are done once more. With them go all nodes below them, and those that
/// never had their turn because the run ended before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    /// Those that failed.
    Failed,
    /// Those that failed, and of each receiver among them only the objects that failed: what it has done stays done. One
    /// that failed though none of its objects did, or that is handed its objects anew, is done in whole.
    FailedObjects,
    /// The one with this id, however it ended.
    From(String),
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
    /// The end of the time that all attempts of a visit have together.
    Node {
        /// The node.
        node: NodeIx,
        /// The first attempt of the visit.
        attempt: Attempt,
    },
    /// The deadline of the whole run.
    Run,
}

/// An order to the driver, besides calling executors. It is carried out only after the records of the same
/// decision are written.
///
/// Not `non_exhaustive`: a driver that skipped an order it does not know would hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Tell an attempt to stop; drop it after a grace period and say so with [`Event::AttemptStopped`].
    Stop {
        /// The node.
        node: NodeIx,
        /// The attempt.
        attempt: Attempt,
    },
    /// Send [`Event::SlotGranted`] once the host has room for this attempt. Where the run's policy says that the
    /// host gives out slots; else only for last chances, which every host has to let start one at a time.
    AcquireSlot {
        /// The node.
        node: NodeIx,
        /// The attempt.
        attempt: Attempt,
        /// It is the last chance of a node whose attempts were cut off by crashes: of those the host has one at
        /// work at a time, over all of its runs, so that the next crash blames nobody else.
        is_last_chance: bool,
    },
    /// The attempt needs its slot no more, or is not going to need the one it asked for.
    ReleaseSlot {
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
///
/// Cloning is cheap: what is large is shared.
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
        /// When it is going to be stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// An earlier attempt may have had its effect already.
        #[serde(default, skip_serializing_if = "is_false")]
        possible_duplicate: bool,
    },
    /// A node could start and has to wait for its turn: the run is paused, or at its own limit.
    NodeDue {
        /// The node.
        node: NodeIx,
        /// The attempt that is to start.
        attempt: Attempt,
    },
    /// A node could start and has to wait for a slot of the host, or for its turn among the last chances.
    SlotRequested {
        /// The node.
        node: NodeIx,
        /// The attempt that is to start.
        attempt: Attempt,
    },
    /// The process ended while the attempt was at work: whether it had an effect is not known.
    AttemptLost {
        /// The node.
        node: NodeIx,
        /// The attempt.
        attempt: Attempt,
    },
    /// Whether an attempt had an effect is not known, and the node waits for a person to resume the run.
    NodeHeld {
        /// The node.
        node: NodeIx,
        /// The attempt that is to start then.
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
        objects: Arc<[ObjectReport]>,
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
        evaluation: Option<Arc<Evaluation>>,
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
        /// It passed after an attempt had failed.
        #[serde(default, skip_serializing_if = "is_false")]
        flaky: bool,
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
        /// How much has come late for the node by now. Whoever goes on and on gets a line each time it has become
        /// twice as much.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        count: u64,
    },
    /// Cancelling began: nothing new starts, what works is told to stop.
    CancelRequested,
    /// The run's deadline passed: nothing new starts, what works is told to stop.
    RunTimedOut,
    /// Nothing new starts until the run is resumed.
    Paused,
    /// The run goes on, and so do the nodes that waited for a person.
    Resumed,
    /// A new process goes on with the run.
    Recovered {
        /// The number of that opening of the store.
        epoch: u64,
    },
    /// The process before has let go of the run in order: the attempts that are lost with it count towards no limit.
    LetGo,
    /// A run that was over is open again: these nodes have another visit, or their first.
    Rerun {
        /// The nodes, in their order.
        nodes: Box<[NodeIx]>,
        /// Those of them that keep what they have done, in their order.
        #[serde(default, skip_serializing_if = "is_none_of")]
        keeping: Box<[NodeIx]>,
    },
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
            | Self::NodeDue { node, .. }
            | Self::SlotRequested { node, .. }
            | Self::AttemptLost { node, .. }
            | Self::NodeHeld { node, .. }
            | Self::NothingToSend { node }
            | Self::Objects { node, .. }
            | Self::Logged { node, .. }
            | Self::Judged { node, .. }
            | Self::RetryScheduled { node, .. }
            | Self::NodeEnded { node, .. }
            | Self::EmptyReached { node, .. }
            | Self::NodeSkipped { node }
            | Self::Late { node, .. } => Some(*node),
            Self::RunStarted
            | Self::CancelRequested
            | Self::RunTimedOut
            | Self::Paused
            | Self::Resumed
            | Self::Recovered { .. }
            | Self::LetGo
            | Self::Rerun { .. }
            | Self::RunEnded { .. } => None,
        }
    }

    /// Whether nodes may stop waiting for their turn because of it that it is not about.
    pub(super) const fn ends_others(&self) -> bool {
        matches!(
            self,
            Self::NodeEnded { status: NodeStatus::Failed, .. } | Self::CancelRequested | Self::RunTimedOut
        )
    }

    /// How the run stands from here on, if the record decides that. A store keeps it beside the journal, so
    /// that open runs can be found without reading theirs.
    #[must_use]
    pub const fn run_status(&self) -> Option<RunStatus> {
        match self {
            Self::RunStarted | Self::Rerun { .. } => Some(RunStatus::Working),
            Self::RunEnded { status, .. } => Some(*status),
            Self::AttemptStarted { .. }
            | Self::NodeDue { .. }
            | Self::SlotRequested { .. }
            | Self::AttemptLost { .. }
            | Self::NodeHeld { .. }
            | Self::Paused
            | Self::Resumed
            | Self::Recovered { .. }
            | Self::LetGo
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
///
/// ```
/// use std::sync::Arc;
/// use flowrun_core::{Event, Flow, NodeSpec, Plan, Run, RunId, RunSpec, Site, TaskTypes, Timestamp};
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented())?;
/// let spec = RunSpec::new(RunId::from_bytes([7; 16]), Timestamp::EPOCH, Site::new("https://example.com"));
/// let mut run = Run::new(Arc::new(plan), spec);
/// let decision = run.handle(Timestamp::EPOCH, Event::Started)?;
/// // First the records are written down: the run has started, and so has node 1. Then it is called.
/// assert_eq!((decision.records.len(), decision.calls.len()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Decision<'run> {
    /// What to write down, in one transaction. Whoever keeps it may take it out.
    pub records: &'run mut Vec<Record>,
    /// The executors to call once it is written, with [`Run::task`](crate::Run::task), in this order. Apart from
    /// the other orders, because a decision can call a million of them. Whoever keeps them may take them out.
    pub calls: &'run mut Vec<Call>,
    /// What else to do once it is written, in this order.
    pub commands: &'run [Command],
}

/// An event that cannot follow the ones before it. The run is exactly as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectedError {
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
    /// Only a run that is over can be done once more.
    #[error("the run is not over yet")]
    NotOver,
    /// Every node is done and none failed.
    #[error("no node of the run failed or was left undone")]
    NothingToRerun,
    /// The flow has no node at this place.
    #[error("the flow has no node at place {}", .0.index())]
    UnknownNode(NodeIx),
    /// The flow has no node with this id.
    #[error("the flow has no node `{0}`")]
    NoSuchNode(String),
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { node, attempt } => write!(f, "attempt {}#{attempt}", node.index()),
            Self::Retry { node, attempt } => write!(f, "retry {}#{attempt}", node.index()),
            Self::Node { node, attempt } => write!(f, "node {}#{attempt}", node.index()),
            Self::Run => f.write_str("run"),
        }
    }
}

fn is_none_of(nodes: &[NodeIx]) -> bool {
    nodes.is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

const fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(count: &u64) -> bool {
    *count == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_told_by_what_it_waits_for() {
        let (node, attempt) = (NodeIx::new(3), Attempt::FIRST.next());
        for (timer, told) in [
            (Timer::Attempt { node, attempt }, "attempt 3#2"),
            (Timer::Retry { node, attempt }, "retry 3#2"),
            (Timer::Node { node, attempt: attempt.next_visit() }, "node 3#2.1"),
            (Timer::Run, "run"),
        ] {
            assert_eq!(timer.to_string(), told);
        }
    }
}
