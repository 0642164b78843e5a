//! What a run remembers of the few nodes that did not go straight from their start to their end.

use std::collections::BTreeMap;

use crate::model::{Attempt, NodeIx, Timestamp};

/// The detours of the nodes that have one. Most runs have none: nothing is kept for a node that goes straight.
#[derive(Debug, Default)]
pub(super) struct Detours(BTreeMap<NodeIx, Detour>);

/// How the visit of one node went so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detour {
    /// The first attempt of the visit.
    pub(super) first: Attempt,
    /// While it waits for another attempt: when that may start.
    pub(super) not_before: Option<Timestamp>,
    /// It waits for a person.
    pub(super) is_held: bool,
    /// A person let it go on, so nobody looks once more whether the effect happened.
    pub(super) is_released: bool,
    /// Whether an earlier attempt had its effect is not known.
    pub(super) is_unsure: bool,
    /// An earlier attempt failed.
    pub(super) has_failed: bool,
}

impl Detours {
    pub(super) fn get(&self, node: NodeIx) -> Option<&Detour> {
        // The ordinary run has none, and asks for every node.
        if self.0.is_empty() { None } else { self.0.get(&node) }
    }

    pub(super) fn of(&mut self, node: NodeIx) -> &mut Detour {
        self.0.entry(node).or_insert_with(|| Detour::new(Attempt::FIRST))
    }

    /// The first attempt of the visit the node is in.
    pub(super) fn first(&self, node: NodeIx) -> Attempt {
        self.get(node).map_or(Attempt::FIRST, |detour| detour.first)
    }

    /// The next visit of the node begins.
    pub(super) fn begin_visit(&mut self, node: NodeIx) {
        let first = self.first(node).next_visit();
        self.0.insert(node, Detour::new(first));
    }

    /// The nodes that wait for a person, in their order.
    pub(super) fn held(&self) -> impl Iterator<Item = NodeIx> {
        self.0.iter().filter(|(_, detour)| detour.is_held).map(|(node, _)| *node)
    }

    /// Lets go of the nodes that wait for a person.
    pub(super) fn release(&mut self) {
        for detour in self.0.values_mut().filter(|detour| detour.is_held) {
            detour.is_held = false;
            detour.is_released = true;
        }
    }
}

impl Detour {
    const fn new(first: Attempt) -> Self {
        Self {
            first,
            not_before: None,
            is_held: false,
            is_released: false,
            is_unsure: false,
            has_failed: false,
        }
    }
}
