//! Doing nodes of a run that is over once more. Earlier attempts stay in the journal, and their lines in the log.

use super::clocks::Clocks;
use super::{Phase, Record, RejectedError, Rerun, Run, State};
use crate::model::{NodeIx, ObjectStatus, RunStatus, Timestamp};
use crate::plan::Role;

impl Run {
    /// Whether the run can be done once more in this way.
    pub(super) fn admit_rerun(&self, what: &Rerun) -> Result<(), RejectedError> {
        if let Rerun::From(id) = what
            && self.plan.find(id).is_none()
        {
            return Err(RejectedError::NoSuchNode(crate::model::shown(id)));
        }
        if self.is_done_again(what).contains(&true) { Ok(()) } else { Err(RejectedError::NothingToRerun) }
    }

    pub(super) fn on_rerun(&mut self, at: Timestamp, what: &Rerun) {
        let again = self.is_done_again(what);
        let plan = std::sync::Arc::clone(&self.plan);
        // What passed while the run was ending was not judged: nothing was to follow from it.
        for node in plan.node_ixs().filter(|node| !again[node.index()]) {
            if self.nodes.state(node) == (State::Passed { too_late: true }) {
                self.judge(at, node);
            }
        }
        let nodes: Box<[NodeIx]> = plan.node_ixs().filter(|node| again[node.index()]).collect();
        let keeping: Box<[NodeIx]> = match what {
            Rerun::FailedObjects => {
                nodes.iter().copied().filter(|node| self.can_keep(*node, &again)).collect()
            }
            Rerun::Failed | Rerun::From(_) => Box::default(),
        };
        self.put(at, Record::Rerun { nodes: nodes.clone(), keeping });
        self.set_run_timer();
        self.resolve_all(at, nodes);
    }

    /// Which nodes are done once more: those meant, those below them, and those that never had their turn.
    fn is_done_again(&self, what: &Rerun) -> Vec<bool> {
        let named = match what {
            Rerun::Failed | Rerun::FailedObjects => None,
            Rerun::From(id) => self.plan.find(id),
        };
        let is_meant = |node: NodeIx| match (self.nodes.state(node), what) {
            (State::Queued { .. }, _) | (State::Failed { .. }, Rerun::Failed | Rerun::FailedObjects) => true,
            (_, Rerun::From(_)) => named == Some(node),
            (_, Rerun::Failed | Rerun::FailedObjects) => false,
        };
        let mut again = vec![false; self.nodes.len()];
        let mut below: Vec<NodeIx> = self.plan.node_ixs().filter(|&node| is_meant(node)).collect();
        while let Some(node) = below.pop() {
            if !std::mem::replace(&mut again[node.index()], true) {
                below.extend(self.plan.children(node));
            }
        }
        again
    }

    /// Whether a node that is done once more can keep what it has done: a receiver of which some objects failed, and that
    /// is handed the same ones as before.
    pub(super) fn can_keep(&self, node: NodeIx, again: &[bool]) -> bool {
        self.plan.role(node) == Some(Role::Receiver)
            && matches!(self.nodes.state(node), State::Failed { .. })
            && self.objects(node).iter().any(|entry| entry.status == ObjectStatus::Failed)
            && !self.plan.parents(node).iter().any(|parent| again[parent.index()])
    }

    /// Opens the run again and takes back what was decided about these nodes. Of those that keep what they have done it is
    /// only what failed.
    pub(super) fn reopen(&mut self, at: Timestamp, nodes: &[NodeIx], keeping: &[NodeIx]) {
        if let Phase::Over(status) = self.phase {
            self.keep_closing_line(status);
        }
        let mut again = vec![false; self.nodes.len()];
        nodes.iter().for_each(|node| again[node.index()] = true);
        let plan = std::sync::Arc::clone(&self.plan);
        self.any_failed = false;
        for node in plan.node_ixs() {
            match self.nodes.state(node) {
                _ if again[node.index()] => {
                    let kept = keeping.binary_search(&node).is_ok().then(|| self.nodes.keep_done(node));
                    self.take_back(node);
                    if let Some(kept) = kept {
                        self.nodes.detail_mut(node).objects = kept;
                    }
                }
                State::Passed { .. } => self.nodes.set_state(node, State::Passed { too_late: false }),
                State::Failed { .. } => self.any_failed = true,
                State::Queued { .. }
                | State::Working(_)
                | State::Waiting(_)
                | State::Due(_)
                | State::Asking(_)
                | State::Skipped
                | State::Reached { .. } => {}
            }
        }
        for &node in nodes {
            for &parent in plan.parents(node) {
                self.nodes.open_edge(node);
                if self.is_decided(parent) {
                    self.nodes.decide_edge(node, self.is_taken(parent, node));
                }
            }
        }
        (self.phase, self.is_paused, self.nodes.timed_out) = (Phase::Open, false, false);
        (self.began, self.clocks, self.completed) = (at, Clocks::started(at), None);
    }

    pub(super) fn is_decided(&self, node: NodeIx) -> bool {
        match self.nodes.state(node) {
            State::Passed { .. } | State::Failed { .. } | State::Skipped | State::Reached { .. } => true,
            State::Queued { .. }
            | State::Working(_)
            | State::Waiting(_)
            | State::Due(_)
            | State::Asking(_) => false,
        }
    }

    /// The node is as it was before anything happened, but for its lines and the number of its visit.
    fn take_back(&mut self, node: NodeIx) {
        if let Some((started, seq)) = self.nodes.started(node) {
            let message = self.starting_line(node);
            self.nodes.insert_line(node, seq, started, &message);
            self.detours.begin_visit(node);
        }
        self.nodes.reset(node);
    }

    fn keep_closing_line(&mut self, status: RunStatus) {
        if let (Some(last), Some(at)) = (self.last_finalized, self.completed) {
            self.add_line(last, at, &super::render::closing_line(status));
        }
    }
}
