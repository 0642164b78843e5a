//! Going on with a run in a new process: whatever was at work has died with the old one.

use super::{Command, Record, Run, State, Timer};
use crate::model::{Attempt, NodeIx, Timestamp};
use crate::plan::{EffectClass, OnUnknown};

impl Run {
    /// Ends what is over, ends what was at work as unknown, decides what follows from that, and asks for every timer
    /// and slot again.
    pub(super) fn on_recovered(&mut self, at: Timestamp, epoch: u64, was_let_go: bool) {
        self.put(at, Record::Recovered { epoch });
        // It only matters to what is at work.
        if was_let_go && self.working().next().is_some() {
            self.put(at, Record::LetGo);
        }
        // Those that are left behind, before any ends and others start below it.
        let open: Vec<(NodeIx, State)> =
            self.plan.node_ixs().map(|node| (node, self.nodes.state(node))).filter(is_open).collect();
        if self.is_overdue(at) {
            self.put(at, Record::RunTimedOut);
        }
        if self.is_stopping() {
            self.end_waiting(at);
        } else {
            self.end_all_overdue(at);
        }
        if self.is_over() {
            return;
        }
        if !self.is_stopping() {
            self.set_run_timer();
        }
        self.ask_again(&open);
        for (node, state) in open {
            // A node that failed on the way may have ended this one.
            if self.nodes.state(node) != state {
                continue;
            }
            match state {
                State::Working(attempt) => self.lose(at, node, attempt),
                State::Waiting(attempt) => self.set_retry_timer(node, attempt),
                State::Due(_)
                | State::Asking(_)
                | State::Queued { .. }
                | State::Passed { .. }
                | State::Failed { .. }
                | State::Skipped
                | State::Reached { .. } => {}
            }
            if self.open_attempt(node).is_some() {
                self.set_node_timer(node);
            }
        }
        // A node that ended just now may have closed the run already.
        if !self.is_over() {
            self.close_if_done(at);
        }
    }

    /// How many attempts of the visit count, up to this one: those do not that a process let go of.
    pub(super) fn spent(&self, node: NodeIx, attempt: Attempt) -> u32 {
        let spared = self.detours.get(node).map_or(0, |detour| detour.spared);
        attempt.number().saturating_sub(spared)
    }

    /// How many attempts of a visit there are in all when crashes cut them off.
    fn most_attempts(&self, node: NodeIx) -> u32 {
        self.retry_policy(node).max_attempts.max(self.spec.policy.crash_attempts)
    }

    /// Whether crashes have cut the node off before, and may do so hardly any more: one that follows would end it, or
    /// would end others that were cut off as often. Were all of these to start together, whichever of them ends the
    /// process would end the rest with it.
    ///
    /// Not before a first crash: where a single one ends a node, every attempt would be such a one.
    #[inline]
    pub(super) fn is_last_chance(&self, node: NodeIx, attempt: Attempt) -> bool {
        attempt.number() > 1 && self.has_one_chance_left(node, attempt)
    }

    fn has_one_chance_left(&self, node: NodeIx, attempt: Attempt) -> bool {
        let lost = self.detours.get(node).map_or(0, |detour| detour.lost);
        // Those with many retries too: they are not to end others as long as theirs last.
        let is_usually_the_last = lost.saturating_add(1) >= self.spec.policy.crash_attempts;
        lost > 0 && (is_usually_the_last || self.spent(node, attempt) >= self.most_attempts(node))
    }

    fn set_retry_timer(&mut self, node: NodeIx, attempt: Attempt) {
        let not_before = self.detours.get(node).and_then(|detour| detour.not_before);
        if let Some(at) = not_before {
            self.commands.push(Command::SetTimer { timer: Timer::Retry { node, attempt }, at });
        }
    }

    /// Nobody saw how the attempt ended.
    fn lose(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        self.put(at, Record::AttemptLost { node, attempt });
        let next = attempt.next();
        if self.is_stopping() {
            return self.end_stopped(at, node, next);
        }
        if self.spent(node, attempt) >= self.most_attempts(node) || attempt.is_last() {
            self.log(at, node, &format!("crash loop: the process ended in attempt {attempt}, the last one"));
            return self.give_up(at, node, next);
        }
        // A run that is failing lets what works finish, which is what this attempt was about to do.
        match (self.plan.effect(node), self.on_unknown(node)) {
            (EffectClass::Read | EffectClass::Probeable, _)
            | (EffectClass::Keyed | EffectClass::Blind, OnUnknown::Retry)
                if self.is_node_overdue(at, node) =>
            {
                self.end_overdue(at, node, next);
            }
            (EffectClass::Read | EffectClass::Probeable, _)
            | (EffectClass::Keyed | EffectClass::Blind, OnUnknown::Retry) => {
                self.start_lost(at, node, next);
            }
            (EffectClass::Keyed | EffectClass::Blind, OnUnknown::Fail) => self.end_unknown(at, node, next),
            (EffectClass::Keyed | EffectClass::Blind, OnUnknown::Pause) => self.hold(at, node, next),
        }
    }
}

fn is_open((_, state): &(NodeIx, State)) -> bool {
    match state {
        State::Working(_) | State::Waiting(_) | State::Due(_) | State::Asking(_) => true,
        State::Queued { .. }
        | State::Passed { .. }
        | State::Failed { .. }
        | State::Skipped
        | State::Reached { .. } => false,
    }
}
