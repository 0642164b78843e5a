//! How each record changes a run. This is all that changes one.

use std::time::Duration;

use super::clocks::{Clocks, micros_between};
use super::entries::Taking;
use super::entry_list::EntryList;
use super::excess::most_reports;
use super::{Phase, Record, Run, State};
use crate::model::{Attempt, NodeIx, NodeStatus, Timestamp};
use crate::plan::Role;
use crate::run::state::Line;
use crate::task::{ErrorClass, ObjectReport};

impl Run {
    /// Changes the run as a record says that fits it.
    #[inline(always)]
    pub(super) fn change(&mut self, at: Timestamp, record: &Record) {
        match record {
            Record::RunStarted => {
                self.phase = Phase::Open;
                (self.began, self.clocks) = (at, Clocks::started(at));
                self.count_line(); // the one of the start
            }
            Record::AttemptStarted { node, attempt, .. } => {
                if self.nodes.state(*node).has_started() {
                    self.begin_again(*node);
                } else {
                    self.begin(*node, at);
                }
                if !self.turns.is_empty() {
                    self.turns.leave(*node);
                }
                self.nodes.set_state(*node, State::Working(*attempt));
            }
            Record::NodeDue { node, attempt } => {
                self.turns.queue(*node);
                self.nodes.set_state(*node, State::Due(*attempt));
            }
            Record::SlotRequested { node, attempt } => {
                self.turns.ask(*node);
                self.uses_slots = true;
                self.nodes.set_state(*node, State::Asking(*attempt));
            }
            Record::AttemptLost { node, attempt } => {
                self.wait(*node, attempt.next());
                let detour = self.detours.of(*node);
                detour.is_unsure = true;
                let count = if self.was_let_go { &mut detour.spared } else { &mut detour.lost };
                *count = count.saturating_add(1);
            }
            Record::NodeHeld { node, attempt } => {
                self.wait(*node, *attempt);
                let held_at = self.clocks.node_time(at);
                let detour = self.detours.of(*node);
                (detour.is_unsure, detour.held_at) = (true, held_at);
                self.detours.hold(*node);
                self.clocks.hold(at);
            }
            Record::NothingToSend { node } => {
                self.begin(*node, at);
                self.add_line(*node, at, "nothing to send: no objects");
                self.finish(*node, at, NodeStatus::Passed);
            }
            Record::Objects { node, objects } => self.merge(*node, objects),
            Record::Logged { node, message } => self.add_line(*node, at, message),
            Record::Judged { node, side, .. } => self.nodes.detail_mut(*node).sides.push(*side),
            Record::RetryScheduled { node, attempt, class, not_before } => {
                self.wait(*node, *attempt);
                let longest = self.retry_policy(*node).longest_asked();
                let wait = micros_between(at, *not_before).unsigned_abs();
                let detour = self.detours.of(*node);
                detour.not_before = Some(*not_before);
                detour.wait = Duration::from_micros(wait).min(longest);
                detour.is_unsure |= class.is_unsure();
                detour.has_failed = true;
                detour.goes_on |= *class == ErrorClass::Partial;
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
            Record::Late { node, count, .. } => self.excess.keep_late(*node, *count),
            Record::CancelRequested => self.close_turns(Phase::Cancelling),
            Record::RunTimedOut => {
                self.close_turns(Phase::TimingOut);
                self.nodes.timed_out = true;
            }
            Record::Paused => {
                self.is_paused = true;
                self.clocks.pause(at);
            }
            Record::Resumed => {
                self.is_paused = false;
                self.clocks.resume(at);
                self.let_go_on(at);
            }
            Record::Recovered { .. } => {
                self.was_let_go = false;
                self.clocks.take_over(at);
                self.detours.shorten_waits(at);
            }
            Record::LetGo => self.was_let_go = true,
            Record::Rerun { nodes, keeping } => self.reopen(at, nodes, keeping),
            Record::RunEnded { status, .. } => {
                self.phase = Phase::Over(*status);
                self.completed = Some(at);
            }
        }
    }

    /// The node starts: its time, its line, and the entries it is handed.
    #[inline(always)]
    fn begin(&mut self, node: NodeIx, at: Timestamp) {
        let seq = self.count_line();
        self.nodes.start(node, at, seq);
        self.open_nodes += 1;
        if self.clocks.are_shifted() {
            self.remember_start(at, node);
        }
        let Some(role) = self.plan.info(node).role.filter(|role| role.takes_objects()) else { return };
        let handed = self.handed_over(node);
        if handed.is_over_limit {
            self.nodes.detail_mut(node).over_limit = true;
        }
        // One that is done once more may have kept what it has done.
        let has_own = |run: &Self| !run.objects(node).is_empty();
        if role == Role::Receiver && !handed.entries.is_empty() && !has_own(self) {
            self.nodes.detail_mut(node).objects = handed.entries.into();
        }
    }

    /// Another attempt: a receiver goes on with what it has not done yet, and so does whoever did a part; other types
    /// start a new list.
    fn begin_again(&mut self, node: NodeIx) {
        self.waiting_nodes -= 1;
        let detour = self.detours.of(node);
        detour.not_before = None;
        let goes_on = detour.goes_on || self.plan.info(node).role == Some(Role::Receiver);
        if !goes_on && self.nodes.detail(node).is_some() {
            let detail = self.nodes.detail_mut(node);
            detail.objects = EntryList::default();
            detail.over_limit = false;
        }
    }

    /// The next attempt of a node that is at work, or waits already, is to come later.
    fn wait(&mut self, node: NodeIx, attempt: Attempt) {
        if matches!(self.nodes.state(node), State::Working(_)) {
            self.waiting_nodes += 1;
        }
        self.nodes.set_state(node, State::Waiting(attempt));
    }

    /// The node ends: its time and status, and the fate of its edges.
    #[inline(always)]
    fn finish(&mut self, node: NodeIx, at: Timestamp, status: NodeStatus) {
        let failed = status == NodeStatus::Failed;
        let waited =
            || matches!(self.nodes.state(node), State::Waiting(_) | State::Due(_) | State::Asking(_));
        if self.waiting_nodes > 0 && waited() {
            self.give_up_waiting(node, at);
        }
        if failed && self.end_on_fail && self.phase == Phase::Open {
            self.close_turns(Phase::Failing);
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

    /// The node waited, and is not going to work any more.
    fn give_up_waiting(&mut self, node: NodeIx, at: Timestamp) {
        self.waiting_nodes -= 1;
        self.turns.leave(node);
        let was_held = self.detours.let_go(node);
        if was_held && !self.detours.any_held() {
            self.clocks.release(at);
        }
    }

    /// Decides the edges of a node that is done or passed over, and keeps which nodes that was the last of.
    #[inline]
    fn decide_edges(&mut self, node: NodeIx) {
        self.released.clear();
        if !self.plan.children(node).is_empty() {
            self.decide_each_edge(node);
        }
    }

    fn decide_each_edge(&mut self, node: NodeIx) {
        let taking = self.taking(node);
        let Self { plan, nodes, released, .. } = self;
        // Backwards, so that a child that several edges lead to stands where the first of them does.
        for &child in plan.children(node).iter().rev() {
            let taken = match taking {
                Taking::All => true,
                Taking::None => false,
                Taking::BySide => nodes.has_share(node, plan.info(child).start_if),
            };
            // Taken back again without a branch, which the processor would guess wrong for every third edge.
            released.push(child);
            released.truncate(released.len() - usize::from(!nodes.decide_edge(child, taken)));
        }
        released.reverse();
    }

    /// Numbers the next line of the log, or start of a node. After four thousand million of them the number
    /// stays the same, and lines with one number stand in the order of the nodes.
    fn count_line(&mut self) -> u32 {
        let seq = self.next_seq;
        self.next_seq = seq.saturating_add(1);
        seq
    }

    pub(super) fn add_line(&mut self, node: NodeIx, at: Timestamp, message: &str) {
        let seq = self.count_line();
        self.nodes.detail_mut(node).lines.push(Line { seq, at, message: message.into() });
    }

    /// Lays reported entries over the node's own, and keeps the facts that came with them.
    fn merge(&mut self, node: NodeIx, reports: &[ObjectReport]) {
        let limit = self.spec.policy.max_objects;
        let detail = self.nodes.detail_mut(node);
        for ObjectReport { entry, facts } in reports {
            detail.over_limit |= detail.objects.merged() >= most_reports(limit);
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
