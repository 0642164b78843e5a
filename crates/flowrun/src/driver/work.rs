//! What a run has under way.

use std::collections::BTreeSet;
use std::task::{Context, Poll};
use std::time::Duration;

use flowrun_core::{Attempt, Call, Command, Event, NodeIx, Outcome, Run, RunState, Timer, Timestamp};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::ahead::Ahead;
use super::attempt::AttemptFuture;
use super::timers::{Due, Timers};
use crate::failpoint::failpoint;
use crate::intake::Intake;
use crate::slots::RunSlots;
use crate::stops::Stops;

/// The end of an attempt that is still to be decided.
pub(super) struct Ended {
    pub(super) node: NodeIx,
    pub(super) attempt: Attempt,
    /// `None` when its executor was dropped.
    pub(super) outcome: Option<Outcome>,
}

impl Ended {
    /// What a run is told of it, once.
    pub(super) fn event(&mut self) -> Event {
        let Self { node, attempt, ref mut outcome } = *self;
        match outcome.take() {
            Some(outcome) => Event::AttemptEnded { node, attempt, outcome },
            None => Event::AttemptStopped { node, attempt },
        }
    }
}

/// What a run has under way: everything the driver waits for or has still to do.
#[derive(Default)]
pub(crate) struct Work {
    /// Attempts to start, the next one last: a stack keeps a node's children in the cache.
    pub(super) ready: Vec<Call>,
    /// Ends of attempts that are still to be decided.
    pub(super) ended: Vec<Ended>,
    /// Attempts that wait for something.
    pub(super) pending: FuturesUnordered<AttemptFuture>,
    /// Decisions that are not written yet.
    pub(super) ahead: Ahead,
    pub(super) timers: Timers,
    /// Nodes that were started or ended since other tasks of the runtime had their turn.
    pub(super) turn: u32,
    /// Whether reports had their turn last.
    pub(super) has_heard: bool,
    /// Whether the run or a node of it has a time limit of its own.
    pub(super) has_clocks: bool,
    /// Whether a cancel was decided.
    pub(super) has_cancelled: bool,
    pub(super) parked: bool,
    /// Attempts that wait for slots of runs which may wait for this one, with what is to be said of that.
    pub(super) stuck: Vec<(NodeIx, Attempt, String)>,
    /// Whether something was written that those who watch have not been told of.
    pub(super) untold: bool,
    /// How the run stood when that was told last.
    pub(super) state: RunState,
}

impl Work {
    /// Whether there is nothing to do but to wait for what comes from outside.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.pending.is_empty() && self.ahead.is_empty()
    }

    /// Carries out what a decision ordered. It is written: only now may the world notice.
    pub(super) fn perform(
        &mut self,
        at: Timestamp,
        calls: &mut Vec<Call>,
        commands: &[Command],
        stops: &Stops,
        slots: &mut RunSlots,
        grace: Duration,
    ) {
        if calls.is_empty() && commands.is_empty() {
            failpoint!("c16");
        }
        // The first one ordered is the first one taken. A run of a million roots orders them all at once.
        calls.reverse();
        if self.ready.is_empty() {
            std::mem::swap(&mut self.ready, calls);
        } else {
            self.ready.append(calls);
        }
        for &command in commands {
            match command {
                Command::Stop { node, attempt } => {
                    stops.stop(node, attempt);
                    self.timers.set(at.after(grace), Due::Grace(node, attempt));
                }
                Command::SetTimer { timer, at } => {
                    failpoint!("c11");
                    self.has_clocks |= matches!(timer, Timer::Run | Timer::Node { .. });
                    stops.set_timer(timer, at);
                    self.timers.set(at, Due::Timer(timer));
                }
                Command::AcquireSlot { node, attempt, is_last_chance } => {
                    if let Some(said) = slots.acquire(node, attempt, is_last_chance) {
                        self.stuck.push((node, attempt, said));
                    }
                }
                Command::ReleaseSlot { node, attempt } => slots.release(node, attempt),
                Command::End => {}
            }
        }
    }

    /// Goes on with what is pending, until enough attempts have ended or none is ready. Tells whether any has.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>, intake: &Intake) -> bool {
        while self.ended.len() < Run::AT_ONCE
            && let Poll::Ready(Some((node, attempt, outcome))) = self.pending.poll_next_unpin(cx)
        {
            self.turn += 1;
            // `None` is what is left of an attempt that was abandoned, and told of, before.
            if let Some(outcome) = outcome {
                let outcome = intake.outcome(outcome);
                self.ended.push(Ended { node, attempt, outcome: Some(outcome) });
            }
        }
        !self.ended.is_empty()
    }

    /// Drops the executors of these attempts: those that were still at work have ended, and so have those that
    /// are still to be called, since a slow disk can hold up the calls for longer than the grace period. One walk
    /// serves all of them. What one of them says by a panic goes to `last_words`.
    pub(super) fn abandon(
        &mut self,
        over: &BTreeSet<(NodeIx, Attempt)>,
        mut last_words: impl FnMut(NodeIx, Attempt, String),
    ) {
        if over.is_empty() {
            return;
        }
        for future in self.pending.iter_mut() {
            if over.contains(&(future.node, future.attempt)) {
                if let Some(told) = future.abandon() {
                    last_words(future.node, future.attempt, told);
                }
                self.ended.push(Ended { node: future.node, attempt: future.attempt, outcome: None });
            }
        }
        let is_over = |call: &mut Call| over.contains(&(call.node(), call.attempt()));
        for call in self.ready.extract_if(.., is_over) {
            self.ended.push(Ended { node: call.node(), attempt: call.attempt(), outcome: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_whose_grace_period_ended_before_its_call_is_not_called() {
        let [over, other] = [0, 1].map(|node| Call::new(NodeIx::new(node), Attempt::FIRST));
        let mut work = Work { ready: vec![over, other], ..Work::default() };
        work.abandon(&BTreeSet::from([(over.node(), over.attempt())]), |_, _, said| panic!("{said}"));
        assert_eq!(work.ready, [other]);
        assert!(matches!(work.ended[..], [Ended { node, outcome: None, .. }] if node == over.node()));
    }
}
