//! What an explanation says: plain data that is sent and shown.

use serde::Serialize;

use crate::condition::Comparison;
use crate::model::{Attempt, NodeStatus, Timestamp};
use crate::run::RunState;
use crate::task::ErrorClass;

/// Why every node of a run ran, was skipped, waits or failed, as it was after one record of the run's journal.
///
/// Whatever it says ends in numbers of records, and in the operands that conditions compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The number of the record it was made after; 0 before the first one.
    pub at: u64,
    /// How the run stood.
    pub run: RunExplanation,
    /// The nodes that were asked for, in the order of the flow.
    pub nodes: Vec<NodeExplanation>,
}

/// Why a run stands as it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunExplanation {
    /// How it stands.
    pub state: RunState,
    /// What lets nothing new start, if something does.
    pub stopped: Option<Stop>,
    /// The record that closed it.
    pub ended: Option<u64>,
    /// The nodes that failed.
    pub failed: Vec<String>,
    /// The same in words.
    pub text: String,
}

/// Why one node is as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NodeExplanation {
    /// Its id.
    pub node: String,
    /// How far it is.
    pub state: ExplainedState,
    /// The record that brought it there; `None` for one of which nothing was decided yet.
    pub record: Option<u64>,
    /// The pass of the run through it, from 1.
    pub visit: u32,
    /// The record that started it in this visit.
    pub started: Option<u64>,
    /// What decided it, besides its edges.
    pub because: Vec<Reason>,
    /// The edges into it, in their order. None for a node that starts with the run.
    pub edges: Vec<EdgeExplanation>,
    /// Its attempts in this visit, in their order.
    pub attempts: Vec<AttemptExplanation>,
    /// The same in words.
    pub text: String,
}

/// How far a node is, in more words than the wire has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExplainedState {
    /// Not started, and it may yet.
    Queued,
    /// Its executor is at work.
    Working,
    /// It has started, and its next attempt has to wait.
    Waiting,
    /// Ended well.
    Passed,
    /// Ended badly.
    Failed,
    /// Never going to start: no edge into it was taken.
    Skipped,
    /// An empty node that had its turn: it ends its branch.
    Empty,
    /// It never had its turn, because the run stopped before.
    NotReached,
}

/// Something that lets nothing new start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stop {
    /// A node failed, and `end_on_fail` of the run says that this ends it.
    NodeFailed {
        /// The node.
        node: String,
        /// The record of its end.
        record: u64,
    },
    /// Somebody cancelled the run.
    Cancelled {
        /// The record that says so.
        record: u64,
    },
    /// The run's time was over.
    TimedOut {
        /// The record that says so.
        record: u64,
    },
}

/// Why a node is where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It waits: the run has not begun.
    RunNotStarted,
    /// It waits: nodes above it are not done.
    NodesAbove {
        /// Those.
        nodes: Vec<String>,
    },
    /// Nothing is in its way: what becomes of it stands in one of the next records.
    AboutToStart,
    /// It waits: the run is paused.
    Paused {
        /// The record that says so.
        record: u64,
    },
    /// It waits for its turn: as many attempts of the run are at work as may be.
    RunIsFull {
        /// How many may be; `None` where the run was let go on just now.
        most: Option<u32>,
    },
    /// It waits for a slot of the host.
    Slot,
    /// It waits: an attempt failed for a reason that may pass.
    Retry {
        /// The attempt that follows.
        attempt: Attempt,
        /// How the one before failed.
        class: ErrorClass,
        /// When the next one may start.
        not_before: Timestamp,
    },
    /// It waits for a person, because nobody can know whether it had its effect.
    Person,
    /// It waits, or never had its turn: the run stopped.
    Stopped {
        /// By what.
        stop: Stop,
    },
    /// It passed without a call: it sends objects on, and was handed none.
    NothingToSend,
    /// It passed after an attempt had failed.
    Flaky,
    /// It is empty: it has no task.
    NoTask,
    /// Objects of it failed.
    FailedObjects {
        /// How many.
        count: usize,
        /// The first ones.
        objects: Vec<ObjectRecord>,
    },
    /// It ended with objects that were still being worked on.
    UnfinishedObjects {
        /// How many.
        count: usize,
    },
    /// It had more objects than a node may have.
    TooManyObjects {
        /// How many it may have.
        most: usize,
    },
    /// Its executor ended it so, and left neither a line nor an object to tell why.
    Executor,
    /// The last line that its last attempt left in the log.
    Line {
        /// The record that holds it.
        record: u64,
        /// The line.
        message: String,
    },
}

/// An object, and the record that told of it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectRecord {
    /// Its id, or what stands for one.
    pub object: String,
    /// The record; `None` for one that was handed over and not touched.
    pub record: Option<u64>,
}

/// Why an edge was taken, or was not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EdgeExplanation {
    /// The node it comes from.
    pub from: String,
    /// Whether it was taken; `None` while that is not decided.
    pub taken: Option<bool>,
    /// Why.
    pub why: EdgeReason,
}

/// What decides about an edge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EdgeReason {
    /// Not decided: the node it comes from is not done.
    NotDone {
        /// How far that one is.
        state: ExplainedState,
    },
    /// Not decided while the run stays as it is, and dead once nodes are done again: the run was stopping when the
    /// node it comes from ended.
    Stopped {
        /// By what.
        stop: Stop,
    },
    /// Taken: the node it comes from is done, and has no conditions.
    Ended {
        /// How it ended.
        status: NodeStatus,
        /// The record of its end.
        record: u64,
    },
    /// Decided by the conditions of the node it comes from: taken if an object went to this side.
    Conditions {
        /// The side: `start_if` of the node it leads to.
        side: bool,
        /// How many objects decided: those that went to the side, or else all that were judged.
        count: usize,
        /// The first of them.
        objects: Vec<JudgedObject>,
    },
    /// Dead: the node it comes from had no object to judge.
    NoObjects {
        /// The record of its end.
        record: u64,
    },
    /// Dead: the node it leads to has no `start_if` and stands below conditions.
    StartIfNull,
    /// Dead: the node it comes from is empty.
    Empty {
        /// The record that says so.
        record: u64,
    },
    /// Dead: the node it comes from was skipped.
    Skipped {
        /// The record that says so.
        record: u64,
    },
}

/// An object that conditions judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JudgedObject {
    /// Its id, or what stands for one.
    pub object: String,
    /// The record of the judgement.
    pub record: u64,
    /// The side it went to; `None` for neither, as a test that was given up.
    pub side: Option<bool>,
    /// What was compared.
    pub comparisons: Vec<JudgedComparison>,
}

/// A comparison that was made for an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JudgedComparison {
    /// The key, the operator, and both operands.
    pub comparison: Comparison,
    /// Whether it decided: with these turning out otherwise, the object would have gone to the other side.
    pub decisive: bool,
}

/// One attempt, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AttemptExplanation {
    /// Which.
    pub attempt: Attempt,
    /// The record that started it.
    pub started: u64,
    /// Whether an earlier one may have had its effect already.
    pub possible_duplicate: bool,
    /// The record of its end; `None` while it is at work.
    pub ended: Option<u64>,
    /// How it ended.
    pub how: AttemptEnd,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptEnd {
    /// It is at work.
    Working,
    /// Well.
    Passed,
    /// Badly, and it was the last one.
    Failed,
    /// Badly, for a reason that may pass.
    FailedAs(ErrorClass),
    /// The process ended while it was at work.
    Lost,
    /// Nobody can know how, and a person is to decide.
    Unknown,
}
