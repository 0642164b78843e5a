//! What follows when a node is done: which nodes start, which are skipped, and when the run closes.

use std::sync::Arc;

use super::{Command, Phase, Record, Run, State};
use crate::model::{NodeIx, RunStatus, Timestamp};

impl Run {
    pub(super) fn on_started(&mut self, at: Timestamp) {
        self.put(at, Record::RunStarted);
        self.set_run_timer();
        let plan = Arc::clone(&self.plan);
        self.resolve_all(at, plan.roots());
    }

    /// Starts what is due among the nodes and below those that are passed over.
    pub(super) fn resolve_all(&mut self, at: Timestamp, nodes: impl IntoIterator<Item = NodeIx>) {
        self.queue.extend(nodes);
        self.work_off_queue(at);
        self.close_if_done(at);
    }

    /// Starts what is due below a node that has just ended.
    pub(super) fn advance(&mut self, at: Timestamp, node: NodeIx) {
        if self.is_open() && !self.released.is_empty() {
            self.queue_released(node);
            self.work_off_queue(at);
        }
        self.close_if_done(at);
    }

    /// Queues what a node released: below conditions the true ones before the false ones, else as the edges
    /// stand.
    fn queue_released(&mut self, node: NodeIx) {
        if self.plan.info(node).has_conditions {
            let plan = &self.plan;
            self.released.sort_by_key(|child| match plan.info(*child).start_if {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            });
        }
        if self.queue.is_empty() {
            std::mem::swap(&mut self.queue, &mut self.released);
        } else {
            self.queue.append(&mut self.released);
        }
    }

    /// What a node released that was passed over comes after what starts directly. A queue, not a recursion: a
    /// chain of a million empty nodes must not grow the stack.
    fn work_off_queue(&mut self, at: Timestamp) {
        // Nearly all of them start: a million children are not to make either list grow bit by bit.
        self.records.reserve(self.queue.len());
        self.calls.reserve(self.queue.len());
        let mut next = 0;
        while let Some(&node) = self.queue.get(next) {
            self.resolve(at, node);
            next += 1;
        }
        self.queue.clear();
    }

    /// Starts the node, or passes it over, if all edges into it are decided and nothing became of it yet.
    ///
    /// This is dead-path elimination: a node none of whose edges was taken is skipped, and its own edges die with it,
    /// which may release the next node, and so on. Why every node is decided once, in a plan without cycles:
    ///
    /// 1. Each edge is decided once, when its source is done or passed over, and takes one off `open_edges` of its
    ///    target. That reaches 0 once, and only then is the target released.
    /// 2. A node that is released is looked at once: it is put into the queue by the record that decided its last edge,
    ///    and what becomes of it takes it out of `Queued`, so the first line below lets nobody through a second time.
    /// 3. No join waits for ever: by induction along any topological order, all sources of its edges are done or
    ///    passed over, or at work, or the run stops. A dead source counts like any other: its edges are decided, too.
    /// 4. A join with one live edge is not killed by its dead ones: `any_taken` is only ever set, so the order in which
    ///    the edges are decided does not matter.
    fn resolve(&mut self, at: Timestamp, node: NodeIx) {
        let State::Queued { open_edges: 0, any_taken } = self.nodes.state(node) else { return };
        let is_root = || self.plan.parents(node).is_empty();
        let passed_over = match self.plan.info(node).role {
            _ if !any_taken && !is_root() => Record::NodeSkipped { node },
            None => {
                let finalized = is_root() || self.is_below_taken_conditions(node);
                Record::EmptyReached { node, finalized }
            }
            Some(role) if role.takes_objects() && !self.is_handed_any(node) => Record::NothingToSend { node },
            Some(_) => return self.start_attempt(at, node, self.detours.first(node)),
        };
        self.put(at, passed_over);
        self.queue_released(node);
    }

    /// Closes the run when nothing works or waits. Everything that could start has started by then, so a
    /// branch that is still to run cannot be lost.
    pub(super) fn close_if_done(&mut self, at: Timestamp) {
        if self.open_nodes > 0 || !self.turns.is_empty() {
            return;
        }
        let status = match self.phase {
            Phase::Cancelling => RunStatus::Cancelled,
            _ if self.any_failed => RunStatus::Failed,
            Phase::Open => RunStatus::Passed,
            Phase::Failing | Phase::TimingOut => RunStatus::Failed,
            Phase::New | Phase::Over(_) => unreachable!("the run is open while an event is handled"),
        };
        // Before anything can close, a root was finalized: every plan has one.
        let step = self.last_finalized.unwrap_or_else(|| NodeIx::new(0));
        self.put(at, Record::RunEnded { status, step });
        self.commands.push(Command::End);
    }
}
