//! The slots of a host, given out first come first served.

use std::collections::{BTreeSet, VecDeque};

use flowrun_core::{Attempt, NodeIx};

type Holder = (NodeIx, Attempt);

/// As the slots of an engine that drives one run.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    held: BTreeSet<Holder>,
    /// Those that ask, and whether it is for a last chance.
    asking: VecDeque<(Holder, bool)>,
    /// The last chance that has a slot. There is one at a time.
    last_chance: Option<Holder>,
    /// Granted and not yet told. A slot may be given back meanwhile: it is told all the same.
    pub(super) granted: VecDeque<Holder>,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: BTreeSet::new(),
            asking: VecDeque::new(),
            last_chance: None,
            granted: VecDeque::new(),
        }
    }

    pub(super) fn acquire(&mut self, holder: Holder, is_last_chance: bool) {
        self.asking.push_back((holder, is_last_chance));
        self.grant();
    }

    pub(super) fn release(&mut self, holder: Holder) {
        if !self.held.remove(&holder) {
            self.asking.retain(|(asking, _)| *asking != holder);
        }
        self.last_chance.take_if(|last_chance| *last_chance == holder);
        self.grant();
    }

    fn grant(&mut self) {
        while self.held.len() < self.most
            && let Some(place) =
                self.asking.iter().position(|(_, is_last)| !is_last || self.last_chance.is_none())
            && let Some((holder, is_last_chance)) = self.asking.remove(place)
        {
            if is_last_chance {
                self.last_chance = Some(holder);
            }
            self.held.insert(holder);
            self.granted.push_back(holder);
        }
    }
}
