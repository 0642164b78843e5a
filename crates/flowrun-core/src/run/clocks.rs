//! How much of its time a run has used, and a node of it, whatever the clock does.
//!
//! The time in which nobody ran counts, the time in which a person was waited for does not: the clock of a run
//! stands still while it is paused or a node of it is held, that of a node while the run is paused or the node
//! itself is held. Nothing is recorded for that: it follows from the times of the records there are, so journals
//! of every version lead to the same clocks.
//!
//! A clock can be wrong in one process and right in the next. Time that seems to run backwards counts as none, so
//! nothing is ever waited for longer than it was going to be.

use std::time::Duration;

use super::{Command, Phase, Record, Run, Timer};
use crate::model::{Attempt, NodeIx, Timestamp};

/// Counts microseconds while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    /// What it showed when it was last set going, or stopped.
    shown: i64,
    /// Since when it runs; `None` while it stands still.
    since: Option<Timestamp>,
}

impl Stopwatch {
    const fn started(at: Timestamp) -> Self {
        Self { shown: 0, since: Some(at) }
    }

    fn shows(&self, at: Timestamp) -> i64 {
        self.shown.saturating_add(self.since.map_or(0, |since| micros_between(since, at)))
    }

    fn stop(&mut self, at: Timestamp) {
        *self = Self { shown: self.shows(at), since: None };
    }

    fn go_on(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    /// Goes on by another clock, which shows `at` now; what the one before it showed last was `last`.
    fn take_over(&mut self, last: Timestamp, at: Timestamp) {
        if self.since.is_some() {
            *self = Self { shown: self.shows(at.max(last)), since: Some(at) };
        }
    }

    /// When it is going to show that much; `None` while it stands still.
    fn reaches(&self, micros: i64) -> Option<Timestamp> {
        let left = micros.saturating_sub(self.shown);
        self.since.map(|since| Timestamp::from_micros(since.as_micros().saturating_add(left)))
    }
}

/// The clocks of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clocks {
    /// The time of the run itself.
    run: Stopwatch,
    /// The time that all its nodes are measured by.
    nodes: Stopwatch,
    /// Whether the time of the nodes is not simply the time since the run began.
    is_shifted: bool,
    /// The time of the last line that was read again.
    last_read: Timestamp,
}

impl Clocks {
    /// The run begins, or begins once more.
    pub(super) const fn started(at: Timestamp) -> Self {
        let watch = Stopwatch::started(at);
        Self { run: watch, nodes: watch, is_shifted: false, last_read: at }
    }

    pub(super) fn pause(&mut self, at: Timestamp) {
        self.run.stop(at);
        self.nodes.stop(at);
        self.is_shifted = true;
    }

    pub(super) fn resume(&mut self, at: Timestamp) {
        self.run.go_on(at);
        self.nodes.go_on(at);
    }

    /// A node of the run waits for a person.
    pub(super) fn hold(&mut self, at: Timestamp) {
        self.run.stop(at);
    }

    /// No node of the run waits for a person any more.
    pub(super) fn release(&mut self, at: Timestamp) {
        if self.nodes.since.is_some() {
            self.run.go_on(at);
        }
    }

    /// A line of the journal was read again.
    pub(super) const fn read(&mut self, at: Timestamp) {
        self.last_read = at;
    }

    /// Another process goes on, by its own clock. It has read the journal.
    pub(super) fn take_over(&mut self, at: Timestamp) {
        self.is_shifted |= at < self.last_read;
        self.run.take_over(self.last_read, at);
        self.nodes.take_over(self.last_read, at);
    }

    /// Whether nodes that start from now on have to remember when they did by these clocks.
    pub(super) const fn are_shifted(&self) -> bool {
        self.is_shifted
    }

    /// The time of the nodes, in microseconds.
    pub(super) fn node_time(&self, at: Timestamp) -> i64 {
        self.nodes.shows(at)
    }

    /// Whether the run waits for a person, as far as its own time goes.
    pub(super) const fn stand_still(&self) -> bool {
        self.run.since.is_none()
    }
}

impl Run {
    /// When the time of the run is over; `None` when it never is, or its clock stands still.
    fn run_deadline(&self) -> Option<Timestamp> {
        self.clocks.run.reaches(micros(self.spec.policy.run_timeout?))
    }

    /// When the time of the node is over that all attempts of its visit have together; `None` when it never is, or
    /// its clock stands still.
    fn node_deadline(&self, node: NodeIx) -> Option<Timestamp> {
        let timeout = micros(self.node_timeout(node)?);
        let is_held = self.detours.get(node).is_some_and(|detour| detour.is_held);
        let since = self.began_at(node).filter(|_| !is_held)?;
        self.clocks.nodes.reaches(since.saturating_add(timeout))
    }

    /// When the visit of the node began, by the time of the nodes.
    fn began_at(&self, node: NodeIx) -> Option<i64> {
        let (started, _) = self.nodes.started(node)?;
        let remembered = self.detours.get(node).and_then(|detour| detour.began);
        Some(remembered.unwrap_or_else(|| micros_between(self.began, started)))
    }

    /// Keeps when a node that starts now does so by the time of the nodes, if that does not follow from its start.
    pub(super) fn remember_start(&mut self, at: Timestamp, node: NodeIx) {
        if self.node_timeout(node).is_some() {
            self.detours.of(node).began = Some(self.clocks.node_time(at));
        }
    }

    /// A person lets the nodes go on that waited for one. Each has the time that it had left; if none was, a person
    /// who lets it go on gives it its time anew.
    pub(super) fn let_go_on(&mut self, at: Timestamp) {
        let now = self.clocks.node_time(at);
        for node in self.detours.held().collect::<Vec<_>>() {
            let (began, timeout) = (self.began_at(node), self.node_timeout(node).map(micros));
            let detour = self.detours.of(node);
            if let (Some(began), Some(timeout)) = (began, timeout) {
                let used = detour.held_at.saturating_sub(began);
                detour.began = Some(if used < timeout { now.saturating_sub(used) } else { now });
            }
        }
        self.detours.release();
    }

    /// Asks for the timer of the run's deadline.
    pub(super) fn set_run_timer(&mut self) {
        if let Some(at) = self.run_deadline() {
            self.commands.push(Command::SetTimer { timer: Timer::Run, at });
        }
    }

    /// Asks for the timer of the time that all attempts of the visit have together.
    #[inline(always)]
    pub(super) fn set_node_timer(&mut self, node: NodeIx) {
        if self.node_timeout(node).is_some() {
            self.set_node_timer_at(self.node_deadline(node), node);
        }
    }

    fn set_node_timer_at(&mut self, deadline: Option<Timestamp>, node: NodeIx) {
        if let Some(at) = deadline {
            let timer = Timer::Node { node, attempt: self.detours.first(node) };
            self.commands.push(Command::SetTimer { timer, at });
        }
    }

    /// Asks for every timer of a deadline again: the clocks go on after they stood still.
    pub(super) fn set_all_timers(&mut self) {
        self.set_run_timer();
        let plan = std::sync::Arc::clone(&self.plan);
        for node in plan.node_ixs().filter(|node| self.open_attempt(*node).is_some()).collect::<Vec<_>>() {
            self.set_node_timer(node);
        }
    }

    /// Whether the time of the run is over and it has not been stopped for that yet.
    pub(super) fn is_overdue(&self, at: Timestamp) -> bool {
        matches!(self.phase, Phase::Open | Phase::Failing)
            && self.run_deadline().is_some_and(|deadline| deadline <= at)
    }

    /// Whether the time is over that all attempts of the node's visit have together.
    pub(super) fn is_node_overdue(&self, at: Timestamp, node: NodeIx) -> bool {
        self.node_deadline(node).is_some_and(|deadline| deadline <= at)
    }

    /// The timer of the run's deadline fired.
    pub(super) fn on_run_timeout(&mut self, at: Timestamp) {
        match self.phase {
            // It fired for a deadline that has moved since, because somebody was waited for: the one that holds now
            // is asked for again. A driver that fires it without a deadline knows why.
            Phase::Open | Phase::Failing if self.spec.policy.run_timeout.is_some() => self.set_run_timer(),
            Phase::Open | Phase::Failing => self.stop(at, Record::RunTimedOut),
            Phase::Cancelling | Phase::TimingOut => {}
            Phase::New | Phase::Over(_) => unreachable!("not admitted"),
        }
    }

    /// The timer of the time that all attempts of the visit have together fired.
    pub(super) fn on_node_timeout(&mut self, at: Timestamp, node: NodeIx, first: Attempt) {
        // Of an earlier visit, or of a node that ended meanwhile or is being stopped anyway.
        let Some(attempt) = self.open_attempt(node) else { return };
        let is_held = self.detours.get(node).is_some_and(|detour| detour.is_held);
        if attempt.visit() != first.visit() || self.is_stopping() || is_held {
            return;
        }
        if self.node_timeout(node).is_some() && !self.is_node_overdue(at, node) {
            // As with the run's.
            return self.set_node_timer(node);
        }
        if self.is_at_work(node, attempt) {
            self.commands.push(Command::Stop { node, attempt });
        }
        self.end_overdue(at, node, attempt);
    }

    /// Ends a node whose time is over.
    pub(super) fn end_overdue(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        let seconds = self.node_timeout(node).unwrap_or_default().as_secs_f64();
        self.log(at, node, &format!("timed out after {seconds} s in all"));
        self.give_up(at, node, attempt);
    }

    /// Ends the nodes that wait for another attempt and whose time is over, before anything starts.
    pub(super) fn end_all_overdue(&mut self, at: Timestamp) {
        let plan = std::sync::Arc::clone(&self.plan);
        for node in plan.node_ixs() {
            // A node that failed on the way may have ended this one.
            if let Some(attempt) = self.open_attempt(node)
                && !self.is_at_work(node, attempt)
                && self.is_node_overdue(at, node)
            {
                self.end_overdue(at, node, attempt);
            }
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// How many microseconds there are from one time to another; none when it seems to run backwards.
pub(super) fn micros_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_micros().saturating_sub(from.as_micros()).max(0)
}
