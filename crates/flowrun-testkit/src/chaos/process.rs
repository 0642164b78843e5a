//! What dies with a process: a run, and everything its driver has under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll, Waker};

use flowrun_core::{Attempt, Command, NodeIx, Run, Timer, Timestamp};
use flowrun_store::{Commit, Journal, StoreError};

use super::conduct::Act;
use super::mischief::Call;
use super::slots::Slots;

/// A driver and its run, between two turns.
pub(super) struct Process {
    pub(super) run: Run,
    pub(super) journal: Box<dyn Journal>,
    /// Attempts to call, the next one last.
    pub(super) ready: Vec<(NodeIx, Attempt)>,
    /// Attempts at work.
    pub(super) acts: BTreeMap<(NodeIx, Attempt), Act>,
    /// Attempts that were told to stop; some of them before they were called.
    pub(super) stopped: BTreeSet<(NodeIx, Attempt)>,
    /// Decisions that are not known to be written, the oldest first.
    pub(super) ahead: VecDeque<Unwritten>,
    pub(super) timers: BTreeSet<(Timestamp, Due)>,
    pub(super) slots: Slots,
    pub(super) calls: VecDeque<Call>,
    /// The store has failed or refused a decision: the driver is gone, and the run has to be opened again.
    pub(super) is_down: bool,
}

/// Something that the driver waits for by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Timer(Timer),
    /// The grace period of an attempt that was told to stop is over.
    Grace(NodeIx, Attempt),
}

/// A decision on its way to the disk.
pub(super) struct Unwritten {
    pub(super) commit: Commit,
    pub(super) at: Timestamp,
    pub(super) orders: Orders,
    /// How long the journal is with it.
    pub(super) lines: usize,
}

/// What a decision ordered.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) calls: Vec<flowrun_core::Call>,
    pub(super) commands: Vec<Command>,
}

impl Process {
    pub(super) fn new(run: Run, journal: Box<dyn Journal>, slots: Option<usize>) -> Self {
        Self {
            run,
            journal,
            ready: Vec::new(),
            acts: BTreeMap::new(),
            stopped: BTreeSet::new(),
            ahead: VecDeque::new(),
            timers: BTreeSet::new(),
            slots: Slots::new(slots.unwrap_or(usize::MAX)),
            calls: VecDeque::new(),
            is_down: false,
        }
    }

    /// Drops an attempt that is at work, or still to be called.
    pub(super) fn abandon(&mut self, node: NodeIx, attempt: Attempt) -> bool {
        let waiting = self.ready.len();
        self.ready.retain(|ready| *ready != (node, attempt));
        self.ready.len() < waiting || self.acts.remove(&(node, attempt)).is_some()
    }

    /// Whether it is known what became of the oldest decision.
    pub(super) fn is_oldest_decided(&mut self) -> bool {
        let Some(oldest) = self.ahead.front_mut() else { return false };
        if let Commit::Pending(pending) = &mut oldest.commit {
            // Nobody has to be woken: every turn looks.
            let Poll::Ready(done) = pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                return false;
            };
            oldest.commit = Commit::Done(done);
        }
        true
    }

    /// Takes out the oldest decision, of which it is known what became.
    pub(super) fn oldest(&mut self) -> Option<(Unwritten, Result<(), StoreError>)> {
        if !self.is_oldest_decided() {
            return None;
        }
        let mut oldest = self.ahead.pop_front()?;
        match std::mem::replace(&mut oldest.commit, Commit::Done(Ok(()))) {
            Commit::Done(done) => Some((oldest, done)),
            Commit::Pending(_) => unreachable!("it is decided"),
        }
    }
}
