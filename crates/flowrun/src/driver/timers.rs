//! What is to happen later.

use std::collections::BTreeSet;

use flowrun_core::{Attempt, NodeIx, Timer, Timestamp};

/// Something the driver waits for by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A timer of the run.
    Timer(Timer),
    /// The grace period of an attempt that was told to stop is over.
    Grace(NodeIx, Attempt),
    /// The grace period of a shutdown is over.
    Park,
}

/// The things to come, soonest first.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Timestamp, Due)>);

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, due: Due) {
        self.0.insert((at, due));
    }

    /// When the soonest is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out the soonest if its time has come.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Due> {
        self.next().filter(|at| *at <= now)?;
        self.0.pop_first().map(|(_, due)| due)
    }
}
