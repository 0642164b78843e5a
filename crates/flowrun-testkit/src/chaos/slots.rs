//! The slots of a host, given out first come first served.

use std::collections::{BTreeSet, VecDeque};

use flowrun_core::{Attempt, NodeIx};

type Holder = (NodeIx, Attempt);

/// As the slots of an engine that drives one run.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    held: BTreeSet<Holder>,
    asking: VecDeque<Holder>,
    /// Granted and not yet told. A slot may be given back meanwhile: it is told all the same.
    pub(super) granted: VecDeque<Holder>,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: BTreeSet::new(), asking: VecDeque::new(), granted: VecDeque::new() }
    }

    pub(super) fn acquire(&mut self, holder: Holder) {
        self.asking.push_back(holder);
        self.grant();
    }

    pub(super) fn release(&mut self, holder: Holder) {
        if !self.held.remove(&holder) {
            self.asking.retain(|asking| *asking != holder);
        }
        self.grant();
    }

    fn grant(&mut self) {
        while self.held.len() < self.most
            && let Some(holder) = self.asking.pop_front()
        {
            self.held.insert(holder);
            self.granted.push_back(holder);
        }
    }
}
