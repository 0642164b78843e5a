//! How each record changes a run. This is all that changes one.

use super::entries::Taking;
use super::entry_list::EntryList;
use super::{Phase, Record, Run, State};
use crate::model::{NodeIx, NodeStatus, Timestamp};
use crate::plan::Role;
use crate::run::state::Line;
use crate::task::ObjectReport;

impl Run {
    /// Changes the run as a record of its journal says. Records must come in the order they were decided in;
    /// with all records of a journal a new run becomes the one that wrote it.
    pub fn apply(&mut self, at: Timestamp, record: &Record) {
        match record {
            Record::RunStarted => {
                self.phase = Phase::Open;
                self.count_line(); // the one of the start
            }
            Record::AttemptStarted { node, attempt } => {
                if matches!(self.nodes.state(*node), State::Queued { .. }) {
                    self.begin(*node, at);
                } else {
                    self.begin_again(*node);
                }
                self.nodes.set_state(*node, State::Working(*attempt));
            }
            Record::NothingToSend { node } => {
                self.begin(*node, at);
                self.add_line(*node, at, "nothing to send: no objects");
                self.finish(*node, at, NodeStatus::Passed);
            }
            Record::Objects { node, objects } => self.merge(*node, objects),
            Record::Logged { node, message } => self.add_line(*node, at, message),
            Record::Judged { node, side, .. } => self.nodes.detail_mut(*node).sides.push(*side),
            Record::RetryScheduled { node, attempt, .. } => {
                self.nodes.set_state(*node, State::Waiting(*attempt));
            }
            Record::NodeEnded { node, status, .. } => self.finish(*node, at, *status),
            Record::EmptyReached { node, finalized } => {
                self.nodes.set_state(*node, State::Reached { finalized: *finalized });
                if *finalized {
                    self.last_finalized = Some(*node);
                }
                self.decide_edges(*node);
            }
            Record::NodeSkipped { node } => {
                self.nodes.set_state(*node, State::Skipped);
                self.decide_edges(*node);
            }
            Record::Late { .. } => {}
            Record::CancelRequested => self.phase = Phase::Cancelling,
            Record::RunTimedOut => {
                self.phase = Phase::TimingOut;
                self.nodes.timed_out = true;
            }
            Record::RunEnded { status, .. } => {
                self.phase = Phase::Over(*status);
                self.completed = Some(at);
            }
        }
    }

    /// The node starts: its time, its line, and the entries it is handed.
    fn begin(&mut self, node: NodeIx, at: Timestamp) {
        let seq = self.count_line();
        self.nodes.start(node, at, seq);
        self.open_nodes += 1;
        if self.plan.info(node).role == Some(Role::Receiver) {
            let objects = self.handed_over(node);
            if !objects.is_empty() {
                self.nodes.detail_mut(node).objects = objects.into();
            }
        }
    }

    /// Another attempt: a receiver goes on with what it has not done yet, other types start a new list.
    fn begin_again(&mut self, node: NodeIx) {
        if self.plan.info(node).role != Some(Role::Receiver) && self.nodes.detail(node).is_some() {
            let detail = self.nodes.detail_mut(node);
            detail.objects = EntryList::default();
            detail.over_limit = false;
        }
    }

    /// The node ends: its time and status, and the fate of its edges.
    fn finish(&mut self, node: NodeIx, at: Timestamp, status: NodeStatus) {
        let failed = status == NodeStatus::Failed;
        if failed && self.end_on_fail && self.phase == Phase::Open {
            self.phase = Phase::Failing;
        }
        let too_late = !self.is_open();
        self.nodes.complete(node, at);
        self.nodes
            .set_state(node, if failed { State::Failed { too_late } } else { State::Passed { too_late } });
        self.open_nodes -= 1;
        self.any_failed |= failed;
        self.last_finalized = Some(node);
        if !too_late {
            self.decide_edges(node);
        }
    }

    fn decide_edges(&mut self, node: NodeIx) {
        let taking = self.taking(node);
        for place in 0..self.plan.children(node).len() {
            let child = self.plan.children(node)[place];
            let taken = match taking {
                Taking::All => true,
                Taking::None => false,
                Taking::BySide => self.has_share(node, child),
            };
            self.nodes.decide_edge(child, taken);
        }
    }

    /// Numbers the next line of the log, or start of a node. After four thousand million of them the number
    /// stays the same, and lines with one number stand in the order of the nodes.
    fn count_line(&mut self) -> u32 {
        let seq = self.next_seq;
        self.next_seq = seq.saturating_add(1);
        seq
    }

    fn add_line(&mut self, node: NodeIx, at: Timestamp, message: &str) {
        let seq = self.count_line();
        self.nodes.detail_mut(node).lines.push(Line { seq, at, message: message.into() });
    }

    /// Lays reported entries over the node's own, and keeps the facts that came with them.
    fn merge(&mut self, node: NodeIx, reports: &[ObjectReport]) {
        let limit = self.spec.policy.max_objects;
        let detail = self.nodes.detail_mut(node);
        for ObjectReport { entry, facts } in reports {
            let Some(entry) = detail.objects.merge(entry, limit) else {
                detail.over_limit = true;
                continue;
            };
            if let (Some(facts), Some(id)) = (facts, entry.fact_id()) {
                self.facts.insert(id.into(), facts.clone());
            }
        }
    }
}
