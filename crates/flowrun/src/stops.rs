//! Which attempts are told to stop, and when the others will be.
//!
//! A driver tells them. But one that polls an executor which computes without end has no turn to do so: what only the
//! clock or somebody else has to say is therefore left here, for [`Context::is_cancelled`](crate::Context::is_cancelled)
//! to find. The driver decides the same before it decides how the attempt ended, so that nobody sees a cancel that did
//! not happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flowrun_core::{Attempt, NodeIx, Timer, Timestamp};

use crate::signal::Signal;

/// What the attempts of a run can find out about their end.
pub(crate) struct Stops {
    all: AtomicBool,
    /// Somebody asked for the run to be cancelled.
    is_cancel_asked: AtomicBool,
    /// When the run's deadline passes, and when the engine is shut down, in microseconds; at the end of time if never.
    run_ends: AtomicI64,
    engine_ends: AtomicI64,
    /// The run waits for a person: its own time and that of its nodes stand still, whatever was said of their ends.
    stands_still: AtomicBool,
    some: Mutex<Marks>,
    changed: Signal,
}

#[derive(Default)]
struct Marks {
    stopped: BTreeSet<(NodeIx, Attempt)>,
    /// When the time is over that all attempts of a node have together.
    nodes_end: BTreeMap<NodeIx, Timestamp>,
}

impl Default for Stops {
    fn default() -> Self {
        Self {
            all: AtomicBool::new(false),
            is_cancel_asked: AtomicBool::new(false),
            run_ends: AtomicI64::new(i64::MAX),
            engine_ends: AtomicI64::new(i64::MAX),
            stands_still: AtomicBool::new(false),
            some: Mutex::default(),
            changed: Signal::default(),
        }
    }
}

impl Stops {
    /// Tells every attempt of the run to stop.
    pub(crate) fn stop_all(&self) {
        self.all.store(true, Ordering::Release);
        self.changed.raise();
    }

    pub(crate) fn has_stopped_all(&self) -> bool {
        self.all.load(Ordering::Acquire)
    }

    /// Tells one attempt to stop.
    pub(crate) fn stop(&self, node: NodeIx, attempt: Attempt) {
        self.some().stopped.insert((node, attempt));
        self.changed.raise();
    }

    /// Somebody asks for the run to be cancelled. Its driver is told as well.
    pub(crate) fn ask_to_cancel(&self) {
        self.is_cancel_asked.store(true, Ordering::Release);
    }

    pub(crate) fn is_cancel_asked(&self) -> bool {
        self.is_cancel_asked.load(Ordering::Acquire)
    }

    /// The engine is shut down at that time.
    pub(crate) fn shut_down_at(&self, at: Timestamp) {
        self.engine_ends.fetch_min(at.as_micros(), Ordering::AcqRel);
    }

    /// A timer of the run was set, perhaps to another time than before.
    pub(crate) fn set_timer(&self, timer: Timer, at: Timestamp) {
        match timer {
            Timer::Run => self.run_ends.store(at.as_micros(), Ordering::Release),
            Timer::Node { node, .. } => {
                self.some().nodes_end.insert(node, at);
            }
            // An attempt knows its own deadline, and one that waits is not at work.
            Timer::Attempt { .. } | Timer::Retry { .. } => {}
        }
    }

    /// Whether the clocks of the run stand still.
    pub(crate) fn stand_still(&self, stands_still: bool) {
        self.stands_still.store(stands_still, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self, node: NodeIx, attempt: Attempt) -> bool {
        self.has_stopped_all() || self.is_cancel_asked() || self.some().stopped.contains(&(node, attempt))
    }

    /// When an attempt of the node with this deadline will be told to stop, as far as that is known.
    pub(crate) fn soonest(&self, node: NodeIx, deadline: Option<Timestamp>) -> Option<Timestamp> {
        let at = |micros: &AtomicI64| Timestamp::from_micros(micros.load(Ordering::Acquire));
        let mut ends = at(&self.engine_ends).min(deadline.unwrap_or(Timestamp::from_micros(i64::MAX)));
        if !self.stands_still.load(Ordering::Acquire) {
            let node_ends = self.some().nodes_end.get(&node).copied();
            ends = ends.min(at(&self.run_ends)).min(node_ends.unwrap_or(ends));
        }
        (ends.as_micros() < i64::MAX).then_some(ends)
    }

    /// Waits until `is_stopped`, which is looked at again whenever somebody is told to stop.
    pub(crate) async fn changed(&self, is_stopped: impl Fn() -> bool) {
        self.changed.until(|| is_stopped().then_some(())).await;
    }

    fn some(&self) -> MutexGuard<'_, Marks> {
        // A panic elsewhere does not leave the sets half changed.
        self.some.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
