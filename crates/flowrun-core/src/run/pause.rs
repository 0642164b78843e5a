//! Pausing a run, and going on.

use super::{Phase, Record, Run, State};
use crate::model::{NodeIx, Timestamp};

impl Run {
    /// Nothing new starts; what works may finish.
    pub(super) fn on_pause(&mut self, at: Timestamp) {
        match self.phase {
            Phase::Open | Phase::Failing if !self.is_paused => self.put(at, Record::Paused),
            // Asking twice changes nothing, and a run that is being stopped starts nothing anyway.
            Phase::Open | Phase::Failing | Phase::Cancelling | Phase::TimingOut => {}
            Phase::New | Phase::Over(_) => unreachable!("not admitted"),
        }
    }

    /// What was held back starts, and so do the nodes that waited for a person.
    pub(super) fn on_resume(&mut self, at: Timestamp) {
        let held: Vec<NodeIx> = self.held().collect();
        if self.is_stopping() || (!self.is_paused && held.is_empty()) {
            return;
        }
        self.put(at, Record::Resumed);
        for node in held {
            if let State::Waiting(attempt) = self.nodes.state(node) {
                self.start_attempt(at, node, attempt);
            }
        }
        self.set_all_timers();
    }

    /// Whether the run waits for a person: it was paused, or a node of it is held because nobody can know
    /// whether its effect happened. On the wire such a run is still `working`.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        match self.phase {
            Phase::Open | Phase::Failing => self.is_paused || self.held().next().is_some(),
            Phase::New | Phase::Cancelling | Phase::TimingOut | Phase::Over(_) => false,
        }
    }

    /// Whether the run goes on only when a person asks for it: nothing is at work, and whatever could follow
    /// is paused or held.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        // Nearly always something is at work, so that is looked at first.
        self.open_nodes == self.waiting_nodes
            && self.is_paused()
            && (self.is_paused
                || (self.turns.is_empty() && self.held().count() == self.waiting_nodes as usize))
    }

    /// The nodes that are held until a person resumes the run, in their order.
    pub fn held(&self) -> impl Iterator<Item = NodeIx> {
        self.detours.held()
    }
}
