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
        let most = self.retry_policy(node).max_attempts.max(self.spec.policy.crash_attempts);
        if self.spent(node, attempt) >= most || attempt.is_last() {
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
