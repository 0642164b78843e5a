//! What is to happen, in the order in which it does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use flowrun_core::{Attempt, NodeIx, Timer, Timestamp};

/// Something to come. At the same instant an end comes before a cancel, and that before a timer, as in the
/// driver; ends come in the order in which they were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// An attempt ends by its script.
    End(u64, NodeIx, Attempt),
    /// An attempt that was told to stop returns.
    Stopped(u64, NodeIx, Attempt),
    /// A slot that was asked for is granted.
    Slot(u64, NodeIx, Attempt),
    /// Somebody cancels the run.
    Cancel,
    /// A timer of the run fires.
    Timer(Timer),
    /// An attempt that does not listen is dropped.
    Grace(NodeIx, Attempt),
}

/// The one queue of virtual time.
#[derive(Debug, Default)]
pub(super) struct Queue(BinaryHeap<Reverse<(Timestamp, Due)>>);

impl Queue {
    pub(super) fn set(&mut self, at: Timestamp, due: Due) {
        self.0.push(Reverse((at, due)));
    }

    pub(super) fn pop(&mut self) -> Option<(Timestamp, Due)> {
        self.0.pop().map(|Reverse(next)| next)
    }
}
