//! Which node has which id.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::NodeIx;

/// The node of each id of a flow.
///
/// Canvases number their nodes, so an id that is a number not far beyond the count of nodes is looked up in an
/// array. Other ids go to a hash map, the standard one: ids come from outside, and chosen ones must not make
/// it slow.
pub(super) struct Ids<'a> {
    numbered: Box<[u32]>,
    named: HashMap<Cow<'a, str>, NodeIx>,
}

/// In `numbered`: no node has this number. There are at most 2³² − 1 nodes, so it is none's place.
const NOBODY: u32 = u32::MAX;

impl<'a> Ids<'a> {
    pub(super) fn with_capacity(nodes: usize) -> Self {
        // Numbers start at 0 or 1, and some are missing where nodes were deleted.
        Self { numbered: vec![NOBODY; nodes + nodes / 2 + 16].into(), named: HashMap::new() }
    }

    /// Enters an id. Gives the node that had it before, if one did, which then keeps it.
    pub(super) fn insert(&mut self, id: Cow<'a, str>, node: NodeIx) -> Option<NodeIx> {
        if let Some(place) = number(&id).and_then(|number| self.numbered.get_mut(number)) {
            if *place == NOBODY {
                *place = node.index() as u32;
                return None;
            }
            return Some(NodeIx::new(*place as usize));
        }
        if self.named.is_empty() {
            // Who names one node, names most of them.
            self.named.reserve(self.numbered.len() / 3 * 2);
        }
        let first = *self.named.entry(id).or_insert(node);
        (first != node).then_some(first)
    }

    /// The node of an id.
    pub(super) fn get(&self, id: &str) -> Option<NodeIx> {
        match number(id).and_then(|number| self.numbered.get(number)) {
            Some(&NOBODY) => None,
            Some(&place) => Some(NodeIx::new(place as usize)),
            None if self.named.is_empty() => None,
            None => self.named.get(id).copied(),
        }
    }
}

/// The number that an id is, if no other text is the same number: digits without a leading zero.
fn number(id: &str) -> Option<usize> {
    let digits = id.as_bytes();
    if digits.is_empty() || digits.len() > 9 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'9' => Some(number * 10 + usize::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_told_apart_by_their_text_alone() {
        let all = ["1", "01", "0", "-1", "a", "999999999", "9999999999", "1e0", ""];
        let mut ids = Ids::with_capacity(all.len());
        for (index, id) in all.into_iter().enumerate() {
            assert_eq!(ids.insert(id.into(), NodeIx::new(index)), None, "{id}");
        }
        for (index, id) in all.into_iter().enumerate() {
            assert_eq!(ids.get(id), Some(NodeIx::new(index)), "{id}");
        }
        assert_eq!((ids.get("2"), ids.get("b"), ids.get("00")), (None, None, None));
    }

    #[test]
    fn the_first_of_two_keeps_the_id() {
        let mut ids = Ids::with_capacity(8);
        for id in ["1", "a"] {
            assert_eq!(ids.insert(id.into(), NodeIx::new(3)), None);
            assert_eq!(ids.insert(id.into(), NodeIx::new(4)), Some(NodeIx::new(3)));
            assert_eq!(ids.get(id), Some(NodeIx::new(3)));
        }
    }
}
