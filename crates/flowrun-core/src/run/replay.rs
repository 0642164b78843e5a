//! From a journal back to the run that wrote it.
//!
//! A journal comes from a disk, so a record may be anything. Each is looked at before it changes the run: what
//! does not fit is an error, never a panic.

use std::borrow::Borrow;
use std::sync::Arc;

use super::{Phase, Record, Run, RunSpec, State};
use crate::model::{Attempt, NodeIx, NodeStatus, Timestamp};
use crate::plan::Plan;

/// A record does not fit the plan, or the records before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {number} of the journal does not fit: {why}")]
pub struct ReplayError {
    /// The number of the record, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Run {
    /// The run that wrote these lines, from what it was made of. With no line it has not started yet.
    ///
    /// A run that is not over goes on with [`Event::Recovered`](super::Event::Recovered).
    ///
    /// # Errors
    ///
    /// [`ReplayError`] with the first record that does not fit.
    pub fn replay<R: Borrow<Record>>(
        plan: Arc<Plan>,
        spec: RunSpec,
        lines: impl IntoIterator<Item = (Timestamp, R)>,
    ) -> Result<Self, ReplayError> {
        let mut run = Self::new(plan, spec);
        for (number, (at, record)) in (1..).zip(lines) {
            run.apply(at, record.borrow()).map_err(|why| ReplayError { number, why })?;
        }
        Ok(run)
    }

    /// Changes the run as a record of its journal says. What does not fit changes nothing.
    pub(super) fn apply(&mut self, at: Timestamp, record: &Record) -> Result<(), &'static str> {
        self.fits(record)?;
        self.change(at, record);
        self.clocks.read(at);
        Ok(())
    }

    fn fits(&self, record: &Record) -> Result<(), &'static str> {
        if record.node().is_some_and(|node| self.known(node).is_err()) {
            return Err("the flow has no such node");
        }
        self.fits_phase(record)?;
        match record {
            Record::AttemptStarted { node, attempt, .. }
            | Record::NodeDue { node, attempt }
            | Record::SlotRequested { node, attempt } => self.can_start(*node, *attempt),
            Record::NothingToSend { node }
            | Record::EmptyReached { node, .. }
            | Record::NodeSkipped { node } => ensure(self.is_due(*node), "the node is not due"),
            Record::Objects { node, .. } => {
                ensure(self.open_attempt(*node).is_some(), "the node has no attempt")
            }
            Record::Judged { node, entry, .. } => self.can_be_judged(*node, *entry),
            Record::AttemptLost { node, attempt } => {
                ensure(self.is_at_work(*node, *attempt), "the attempt is not at work")
            }
            Record::RetryScheduled { node, attempt, .. } => self.can_follow(*node, *attempt),
            Record::NodeHeld { node, attempt } => {
                let waits = self.nodes.state(*node) == State::Waiting(*attempt);
                if waits { Ok(()) } else { self.can_follow(*node, *attempt) }
            }
            Record::NodeEnded { node, attempt, status, .. } => {
                let is_end = matches!(status, NodeStatus::Passed | NodeStatus::Failed);
                ensure(is_end, "it is no end")?;
                ensure(self.open_attempt(*node) == Some(*attempt), "the node is not at that attempt")
            }
            Record::Rerun { nodes, keeping } => self.can_be_done_again(nodes, keeping),
            Record::RunEnded { step, .. } => {
                ensure(self.known(*step).is_ok(), "the flow has no such node")?;
                ensure(self.open_nodes == 0 && self.turns.is_empty(), "nodes are not done yet")
            }
            Record::RunStarted
            | Record::Logged { .. }
            | Record::Late { .. }
            | Record::CancelRequested
            | Record::RunTimedOut
            | Record::Paused
            | Record::Resumed
            | Record::Recovered { .. }
            | Record::LetGo => Ok(()),
        }
    }

    /// Whether a run that is as far as this one can write such a record.
    fn fits_phase(&self, record: &Record) -> Result<(), &'static str> {
        match (self.phase, record) {
            (Phase::New, Record::RunStarted)
            | (Phase::Over(_), Record::Rerun { .. } | Record::Judged { .. }) => Ok(()),
            (Phase::New, _) => Err("the run has not started"),
            (Phase::Over(_), _) => Err("the run is over"),
            (_, Record::RunStarted) => Err("the run has started already"),
            (_, Record::Rerun { .. }) => Err("the run is not over yet"),
            (Phase::Open | Phase::Failing | Phase::Cancelling | Phase::TimingOut, _) => Ok(()),
        }
    }

    fn is_due(&self, node: NodeIx) -> bool {
        matches!(self.nodes.state(node), State::Queued { open_edges: 0, .. })
    }

    fn can_start(&self, node: NodeIx, attempt: Attempt) -> Result<(), &'static str> {
        let has_task = self.plan.role(node).is_some();
        ensure(has_task, "the node has no task")?;
        let fits = match self.nodes.state(node) {
            State::Queued { .. } => self.is_due(node) && attempt == self.detours.first(node),
            State::Waiting(next) | State::Due(next) | State::Asking(next) => attempt == next,
            State::Working(_)
            | State::Passed { .. }
            | State::Failed { .. }
            | State::Skipped
            | State::Reached { .. } => false,
        };
        ensure(fits, "that attempt is not the next one of the node")
    }

    /// Whether `attempt` comes after the one at work.
    fn can_follow(&self, node: NodeIx, attempt: Attempt) -> Result<(), &'static str> {
        let at_work = self.open_attempt(node).filter(|current| self.is_at_work(node, *current));
        let follows = at_work.is_some_and(|current| attempt == current.next());
        ensure(follows, "that attempt is not the next one of the node")
    }

    fn can_be_judged(&self, node: NodeIx, entry: u32) -> Result<(), &'static str> {
        let judged = self.nodes.detail(node).map_or(0, |detail| detail.sides.as_slice().len());
        let is_next = entry as usize == judged && judged < self.objects(node).len();
        ensure(is_next && self.plan.conditions(node).is_some(), "that entry is not the next one to be judged")
    }

    /// The list must hold what is below each of its nodes: the edges between them are taken back together.
    fn can_be_done_again(&self, nodes: &[NodeIx], keeping: &[NodeIx]) -> Result<(), &'static str> {
        let in_order = nodes.windows(2).all(|pair| pair[0] < pair[1]);
        let all_known = nodes.iter().all(|node| self.known(*node).is_ok());
        ensure(in_order && all_known, "its nodes are not in order")?;
        let is_listed = |node: &NodeIx| nodes.binary_search(node).is_ok();
        let is_whole = nodes.iter().all(|node| self.plan.children(*node).iter().all(is_listed));
        ensure(is_whole, "a node below its nodes is missing")?;
        let mut again = vec![false; self.nodes.len()];
        nodes.iter().for_each(|node| again[node.index()] = true);
        let keeps = |node: &NodeIx| is_listed(node) && self.can_keep(*node, &again);
        let in_order = keeping.windows(2).all(|pair| pair[0] < pair[1]);
        ensure(in_order && keeping.iter().all(keeps), "a node keeps what it cannot have done")
    }
}

fn ensure(holds: bool, why: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(why) }
}
