//! What a run remembers of the few nodes that did not go straight from their start to their end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Attempt, NodeIx, Timestamp};

/// The detours of the nodes that have one. Most runs have none: nothing is kept for a node that goes straight.
#[derive(Debug, Default)]
pub(super) struct Detours {
    of: BTreeMap<NodeIx, Detour>,
    /// How many of them are held.
    held: usize,
}

/// How the visit of one node went so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detour {
    /// The first attempt of the visit.
    pub(super) first: Attempt,
    /// When the visit began by the time of the nodes, in microseconds; `None` where that follows from its start.
    pub(super) began: Option<i64>,
    /// While it waits for another attempt: when that may start.
    pub(super) not_before: Option<Timestamp>,
    /// How long that wait was when it began.
    pub(super) wait: Duration,
    /// While it waits for a person: since when, by the time of the nodes.
    pub(super) held_at: i64,
    /// It waits for a person.
    pub(super) is_held: bool,
    /// A person let it go on, so nobody looks once more whether the effect happened.
    pub(super) is_released: bool,
    /// Whether an earlier attempt had its effect is not known.
    pub(super) is_unsure: bool,
    /// An earlier attempt failed.
    pub(super) has_failed: bool,
    /// How many attempts of the visit a process let go of. They count towards no limit.
    pub(super) spared: u32,
    /// How many were cut off otherwise, by a process that died in one of the attempts it had at work.
    pub(super) lost: u32,
    /// An earlier attempt did a part, and the ones after it go on with its list.
    pub(super) goes_on: bool,
}

impl Detours {
    pub(super) fn get(&self, node: NodeIx) -> Option<&Detour> {
        // The ordinary run has none, and asks for every node.
        if self.of.is_empty() { None } else { self.of.get(&node) }
    }

    pub(super) fn of(&mut self, node: NodeIx) -> &mut Detour {
        self.of.entry(node).or_insert_with(|| Detour::new(Attempt::FIRST))
    }

    /// The first attempt of the visit the node is in.
    pub(super) fn first(&self, node: NodeIx) -> Attempt {
        self.get(node).map_or(Attempt::FIRST, |detour| detour.first)
    }

    /// The next visit of the node begins.
    pub(super) fn begin_visit(&mut self, node: NodeIx) {
        let first = self.first(node).next_visit();
        let before = self.of.insert(node, Detour::new(first));
        self.held -= usize::from(before.is_some_and(|detour| detour.is_held));
    }

    /// The nodes that wait for a person, in their order.
    pub(super) fn held(&self) -> impl Iterator<Item = NodeIx> {
        self.of.iter().filter(|(_, detour)| detour.is_held).map(|(node, _)| *node)
    }

    /// Another process goes on, by its own clock: none of the waits becomes longer than it was when it began.
    pub(super) fn shorten_waits(&mut self, at: Timestamp) {
        for detour in self.of.values_mut() {
            detour.not_before = detour.not_before.map(|time| time.min(at.after(detour.wait)));
        }
    }

    /// Whether any node waits for a person.
    pub(super) fn any_held(&self) -> bool {
        self.held > 0
    }

    /// The node waits for a person.
    pub(super) fn hold(&mut self, node: NodeIx) {
        let detour = self.of(node);
        let is_new = !std::mem::replace(&mut detour.is_held, true);
        self.held += usize::from(is_new);
    }

    /// The node does not wait for a person any more. Whether it did.
    pub(super) fn let_go(&mut self, node: NodeIx) -> bool {
        let was_held = std::mem::take(&mut self.of(node).is_held);
        self.held -= usize::from(was_held);
        was_held
    }

    /// Lets go of the nodes that wait for a person.
    pub(super) fn release(&mut self) {
        for detour in self.of.values_mut().filter(|detour| detour.is_held) {
            detour.is_held = false;
            detour.is_released = true;
        }
        self.held = 0;
    }
}

impl Detour {
    const fn new(first: Attempt) -> Self {
        Self {
            first,
            began: None,
            not_before: None,
            wait: Duration::ZERO,
            held_at: 0,
            is_held: false,
            is_released: false,
            is_unsure: false,
            has_failed: false,
            spared: 0,
            lost: 0,
            goes_on: false,
        }
    }
}
