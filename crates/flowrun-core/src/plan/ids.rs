//! Which node has which id.

use std::borrow::Cow;
use std::collections::HashMap;

use super::names::{Entry, Names};
use crate::model::json::{Span, string_of};
use crate::model::{NodeIx, NodeSlot};

/// The node of each id of a flow. Ids are given by where they stand in its text.
///
/// Canvases number their nodes, so an id that is a number not far beyond the count of nodes is looked up in an
/// array. Other ids go to a table, and those it has no room for to a hash map, the standard one: ids come from
/// outside, and chosen ones must not make it slow.
pub(super) struct Ids<'a> {
    text: &'a str,
    nodes: &'a [NodeSlot],
    numbered: Box<[u32]>,
    /// Made for the first name: who names one node, names most of them.
    named: Option<Names<'a>>,
    /// Names that are written with escapes, and those that find no room in the table.
    odd: HashMap<Cow<'a, str>, NodeIx>,
}

/// In place of a node: none. There are at most 2³² − 1 nodes, so it is none's place.
pub(super) const NOBODY: u32 = u32::MAX;

/// Why an id was not entered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotEntered {
    /// It is absent or empty.
    Missing,
    /// This node has it, and keeps it.
    Taken(NodeIx),
}

impl<'a> Ids<'a> {
    /// For so many nodes of the flow with this text.
    pub(super) fn new(text: &'a str, nodes: &'a [NodeSlot]) -> Self {
        // Numbers start at 0 or 1, and some are missing where nodes were deleted.
        let numbered = vec![NOBODY; nodes.len() + nodes.len() / 2 + 16].into();
        Self { text, nodes, numbered, named: None, odd: HashMap::new() }
    }

    /// Enters the id of a node.
    pub(super) fn insert(&mut self, id: Span, node: NodeIx) -> Result<(), NotEntered> {
        let first = match self.number(as_written(id.bytes(self.text))) {
            Some(number) => self.insert_number(number, node),
            None => match string_of(id.text(self.text)) {
                id if id.is_empty() => return Err(NotEntered::Missing),
                Cow::Borrowed(name) => self.insert_name(name, node),
                Cow::Owned(id) => self.insert_unescaped(id, node),
            },
        };
        first.map_or(Ok(()), |first| Err(NotEntered::Taken(first)))
    }

    fn insert_number(&mut self, number: usize, node: NodeIx) -> Option<NodeIx> {
        let first = self.numbered_as(number);
        if first.is_none() {
            self.numbered[number] = node.index() as u32;
        }
        first
    }

    fn insert_name(&mut self, name: &'a str, node: NodeIx) -> Option<NodeIx> {
        if let Some(&first) = self.odd.get(name) {
            return Some(first);
        }
        let named = self.named.get_or_insert_with(|| Names::new(self.text, self.nodes));
        match named.insert(name.as_bytes(), node) {
            Entry::Entered => None,
            Entry::Taken(first) => Some(first),
            Entry::Crowded => self.odd.insert(name.into(), node),
        }
    }

    fn insert_unescaped(&mut self, id: String, node: NodeIx) -> Option<NodeIx> {
        let first = self.find(&id);
        if first.is_none() {
            match self.number(id.as_bytes()) {
                Some(number) => self.insert_number(number, node),
                None => self.odd.insert(id.into(), node),
            };
        }
        first
    }

    /// The node of an id.
    pub(super) fn get(&self, id: Span) -> Option<NodeIx> {
        let written = as_written(id.bytes(self.text));
        match self.number(written) {
            Some(number) => self.numbered_as(number),
            // No name in the table has a backslash: what is found there is written without escapes.
            None => self.named_as(written).or_else(|| self.find(&string_of(id.text(self.text)))),
        }
    }

    /// The node of an id, however it is written.
    fn find(&self, id: &str) -> Option<NodeIx> {
        match self.number(id.as_bytes()) {
            Some(number) => self.numbered_as(number),
            None => self.named_as(id.as_bytes()).or_else(|| self.odd.get(id).copied()),
        }
    }

    fn numbered_as(&self, number: usize) -> Option<NodeIx> {
        let place = self.numbered[number];
        (place != NOBODY).then(|| NodeIx::new(place as usize))
    }

    fn named_as(&self, name: &[u8]) -> Option<NodeIx> {
        self.named.as_ref()?.get(name)
    }

    /// The number that an id is, if it has a place and no other text is the same number: digits without a
    /// leading zero.
    fn number(&self, id: &[u8]) -> Option<usize> {
        if id.is_empty() || id.len() > 9 || (id[0] == b'0' && id.len() > 1) {
            return None;
        }
        let number = id.iter().try_fold(0, |number, digit| match digit {
            b'0'..=b'9' => Some(number * 10 + usize::from(digit - b'0')),
            _ => None,
        });
        number.filter(|number| *number < self.numbered.len())
    }
}

/// What stands between the quotes; nothing for an id that is absent.
pub(super) fn as_written(id: &[u8]) -> &[u8] {
    match id {
        [b'"', written @ .., b'"'] => written,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::tests::{crowd, flow};
    use super::*;
    use crate::Flow;

    /// Enters the ids of a flow.
    fn entered(flow: &Flow) -> (Ids<'_>, Vec<Result<(), NotEntered>>) {
        let slots = flow.document.nodes();
        let mut ids = Ids::new(flow.to_json(), slots);
        let enter = |(index, slot): (usize, &NodeSlot)| ids.insert(slot.id, NodeIx::new(index));
        let told = slots.iter().enumerate().map(enter).collect();
        (ids, told)
    }

    fn of(ids: &[&str]) -> Flow {
        flow(&ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>())
    }

    fn taken(node: usize) -> Result<(), NotEntered> {
        Err(NotEntered::Taken(NodeIx::new(node)))
    }

    #[test]
    fn numbers_and_names_are_told_apart_by_their_text_alone() {
        let all = ["1", "01", "0", "-1", "a", "999999999", "9999999999", "1e0", " "];
        let flow = of(&all);
        let (ids, told) = entered(&flow);
        assert_eq!(told, [const { Ok(()) }; 9]);
        for (index, slot) in flow.document.nodes().iter().enumerate() {
            assert_eq!(ids.get(slot.id), Some(NodeIx::new(index)), "{}", all[index]);
        }
        for other in ["2", "b", "00", ""] {
            assert_eq!(ids.find(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_of_two_keeps_the_id_however_it_is_written() {
        let flow = of(&["1", "a", r"\u0031", r"\u0061", r"\u0062", "b", r"\u0032", "2", "1", "a", r"\u0062"]);
        let (ids, told) = entered(&flow);
        let fresh = || Ok(());
        let expected = [fresh(), fresh(), taken(0), taken(1), fresh(), taken(4), fresh(), taken(6)];
        assert_eq!(told[..8], expected);
        assert_eq!(told[8..], [taken(0), taken(1), taken(4)]);
        let found: Vec<_> =
            flow.document.nodes().iter().map(|slot| ids.get(slot.id).unwrap().index()).collect();
        assert_eq!(found, [0, 1, 0, 1, 4, 4, 6, 6, 0, 1, 4]);
    }

    #[test]
    fn a_name_with_a_backslash_is_not_the_one_it_would_be_an_escape_of() {
        let flow = of(&[r"\\u0061", "a", r"\\\\u0061", r"\u0061"]);
        let (ids, told) = entered(&flow);
        assert_eq!(told, [Ok(()), Ok(()), Ok(()), taken(1)]);
        let found: Vec<_> =
            flow.document.nodes().iter().map(|slot| ids.get(slot.id).unwrap().index()).collect();
        assert_eq!(found, [0, 1, 2, 1]);
    }

    #[test]
    fn what_is_no_text_or_an_empty_one_is_missing() {
        let text = r#"{"nodes":[{"id":""},{},{"id":null},{"id":"\ud800"}]}"#;
        let flow = Flow::from_json(text).unwrap();
        let (ids, told) = entered(&flow);
        assert_eq!(told, [const { Err(NotEntered::Missing) }; 4]);
        assert!(flow.document.nodes().iter().all(|slot| ids.get(slot.id).is_none()));
    }

    #[test]
    fn names_chosen_to_crowd_the_table_are_all_found() {
        let mut chosen = crowd(400);
        chosen.push(chosen[399].clone());
        let flow = flow(&chosen);
        let (ids, told) = entered(&flow);
        assert!(told[..400].iter().all(Result::is_ok));
        assert_eq!(told[400], taken(399));
        assert!(!ids.odd.is_empty());
        for (index, slot) in flow.document.nodes()[..400].iter().enumerate() {
            assert_eq!(ids.get(slot.id), Some(NodeIx::new(index)), "{}", chosen[index]);
        }
    }
}
