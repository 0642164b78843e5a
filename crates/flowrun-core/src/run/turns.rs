//! Whose turn it is: what holds a node back that could start, and the slots of the host.
//!
//! Two things hold a start back. The run itself may be paused or at its own limit: then the node is *due* and
//! stands in a queue. Or the host gives out slots: then the node *asks* for one, and starts when it is granted. So
//! does a node that has one chance left after crashes, whatever the host: of those one is at work at a time.
//! A slot is asked for or held by exactly the nodes that ask or work, as far as they need one.

use std::collections::{BTreeSet, VecDeque};

use super::{Command, Phase, Record, Run, State, Timer};
use crate::model::{Attempt, Call, NodeIx, Timestamp};

/// The nodes that could start and have to wait.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those that wait for the run, first come first served.
    due: VecDeque<NodeIx>,
    /// Those that wait for a slot of the host.
    asking: BTreeSet<NodeIx>,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty() && self.asking.is_empty()
    }

    pub(super) fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(super) fn queue(&mut self, node: NodeIx) {
        self.leave(node);
        self.due.push_back(node);
    }

    pub(super) fn ask(&mut self, node: NodeIx) {
        self.leave(node);
        self.asking.insert(node);
    }

    /// The node waits no more. Nearly always it is the first of the queue.
    pub(super) fn leave(&mut self, node: NodeIx) {
        self.asking.remove(&node);
        if let Some(place) = self.due.iter().position(|due| *due == node) {
            self.due.remove(place);
        }
    }

    fn all(&self) -> impl Iterator<Item = NodeIx> {
        self.due.iter().chain(&self.asking).copied()
    }

    /// Those that wait for a slot, or none. As nearly every record is about none, that must not walk them all.
    fn asking_if(&self, is_about_them: bool) -> impl Iterator<Item = NodeIx> {
        self.asking.iter().copied().take(if is_about_them { usize::MAX } else { 0 })
    }
}

impl Run {
    /// Starts an attempt, or lets it wait for its turn.
    #[inline(always)]
    pub(super) fn start_attempt(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.is_paused || self.turns.has_due() || self.is_full() {
            self.put(at, Record::NodeDue { node, attempt });
        } else {
            self.launch(at, node, attempt);
        }
    }

    /// Starts an attempt in the place of one that was lost, before those that only wait for their turn.
    pub(super) fn start_lost(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.is_paused {
            self.put(at, Record::NodeDue { node, attempt });
        } else {
            self.launch(at, node, attempt);
        }
    }

    /// Starts those whose turn has come.
    pub(super) fn start_due(&mut self, at: Timestamp) {
        while let Some(&node) = self.turns.due.front()
            && !self.is_paused
            && !self.is_full()
        {
            let State::Due(attempt) = self.nodes.state(node) else {
                unreachable!("the queue holds nodes that are due")
            };
            if self.is_too_late(at, node, attempt) {
                self.end_overdue(at, node, attempt);
            } else {
                self.launch(at, node, attempt);
            }
        }
    }

    /// Whether the run is at its own limit. Asking for a slot counts as working: it is about to.
    fn is_full(&self) -> bool {
        let Some(most) = self.spec.policy.max_concurrent else { return false };
        let working = (self.open_nodes - self.waiting_nodes) as usize + self.turns.asking.len();
        working >= most.max(1) as usize
    }

    #[inline(always)]
    fn launch(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.takes_slot(node, attempt) {
            self.put(at, Record::SlotRequested { node, attempt });
            self.acquire_slot(node, attempt);
        } else {
            self.begin_attempt(at, node, attempt);
        }
    }

    /// Whether the attempt needs a slot to start.
    #[inline]
    fn takes_slot(&self, node: NodeIx, attempt: Attempt) -> bool {
        self.spec.policy.slots || self.is_last_chance(node, attempt)
    }

    fn acquire_slot(&mut self, node: NodeIx, attempt: Attempt) {
        let is_last_chance = self.is_last_chance(node, attempt);
        self.commands.push(Command::AcquireSlot { node, attempt, is_last_chance });
    }

    pub(super) fn on_slot_granted(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        if self.slot_of(node) != Some(attempt) {
            // The run was stopped, or the slot was given up otherwise, while it was on its way.
            self.commands.push(Command::ReleaseSlot { node, attempt });
        } else if self.is_at_work(node, attempt) {
            // It has this slot already.
        } else if self.is_paused {
            self.put(at, Record::NodeDue { node, attempt });
        } else if self.is_too_late(at, node, attempt) {
            self.end_overdue(at, node, attempt);
        } else {
            self.begin_attempt(at, node, attempt);
        }
    }

    /// Whether the time of a node that has its turn for another attempt is over.
    fn is_too_late(&self, at: Timestamp, node: NodeIx, attempt: Attempt) -> bool {
        attempt.number() > 1 && self.is_node_overdue(at, node)
    }

    #[inline]
    fn begin_attempt(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        let timeout = self.attempt_timeout(node);
        let deadline = timeout.map(|timeout| at.after(timeout));
        let possible_duplicate = self.is_possible_duplicate(node);
        self.put_made(at, || Record::AttemptStarted { node, attempt, deadline, possible_duplicate });
        self.calls.push(Call::new(node, attempt));
        if let Some(at) = deadline {
            self.commands.push(Command::SetTimer { timer: Timer::Attempt { node, attempt }, at });
        }
        if attempt.number() == 1 {
            self.set_node_timer(node);
        }
        self.log_over_limit(at, node, attempt);
    }

    /// Asks again for the slots that an earlier process asked for.
    pub(super) fn ask_again(&mut self, left: &[(NodeIx, State)]) {
        for &(node, state) in left {
            if let State::Asking(attempt) = state
                && self.nodes.state(node) == state
            {
                self.acquire_slot(node, attempt);
            }
        }
    }

    /// The slots that a change of the node, or of the whole run, may end the use of.
    pub(super) fn slots_at_stake(
        &self,
        node: Option<NodeIx>,
        ends_others: bool,
    ) -> BTreeSet<(NodeIx, Attempt)> {
        let others = self.turns.asking_if(ends_others && self.phase == Phase::Open);
        let nodes = others.chain(node);
        let slots = nodes.filter_map(|node| self.slot_of(node).map(|attempt| (node, attempt)));
        slots.filter(|(node, attempt)| self.takes_slot(*node, *attempt)).collect()
    }

    /// What no longer asks or works gives its slot up.
    pub(super) fn give_up_slots(&mut self, slots: BTreeSet<(NodeIx, Attempt)>) {
        for (node, attempt) in slots {
            if self.slot_of(node) != Some(attempt) {
                self.commands.push(Command::ReleaseSlot { node, attempt });
            }
        }
    }

    /// The attempt that asks for a slot for the node, or has one.
    fn slot_of(&self, node: NodeIx) -> Option<Attempt> {
        match self.nodes.state(node) {
            State::Working(attempt) | State::Asking(attempt) => Some(attempt),
            State::Queued { .. }
            | State::Due(_)
            | State::Waiting(_)
            | State::Passed { .. }
            | State::Failed { .. }
            | State::Skipped
            | State::Reached { .. } => None,
        }
    }

    /// Nothing new starts any more: what never started is queued again, for good unless the run is done once
    /// more. What has started before and waits for its turn is for others to end.
    pub(super) fn close_turns(&mut self, phase: Phase) {
        self.phase = phase;
        let all: Vec<NodeIx> = self.turns.all().collect();
        for node in all {
            if !self.nodes.state(node).has_started() {
                self.turns.leave(node);
                self.nodes.set_state(node, State::Queued { open_edges: 0, any_taken: true });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_ends_no_others_walks_none_of_those_that_ask() {
        let mut turns = Turns::default();
        for node in 0..1_000 {
            turns.ask(NodeIx::new(node));
        }
        assert_eq!(turns.asking_if(true).count(), 1_000);
        // How many are passed over on the way counts, too: a filter that drops all of them has 1,000 here.
        assert_eq!(turns.asking_if(false).size_hint(), (0, Some(0)));
    }
}
