//! The entries of one node, and how a reported entry finds the one it speaks of.

use std::collections::BTreeMap;

use crate::model::ObjectEntry;

/// Up to here looking through all entries is quicker than an index, and takes no memory.
const FEW: usize = 16;

/// The entries of a node in the order they came.
#[derive(Debug, Default)]
pub(crate) struct EntryList {
    entries: Vec<ObjectEntry>,
    /// The place of each `track_id`, only while there are more than a few entries, the node takes more of
    /// them, and all of them have one.
    index: Option<BTreeMap<Box<str>, usize>>,
    /// How many reported entries were laid over these or added.
    merged: usize,
}

impl EntryList {
    pub(crate) fn as_slice(&self) -> &[ObjectEntry] {
        &self.entries
    }

    pub(crate) fn into_entries(self) -> Vec<ObjectEntry> {
        self.entries
    }

    /// Lays an entry over the one it speaks of, or adds it. `None` when it would be one more than `limit`.
    pub(crate) fn merge(&mut self, incoming: &ObjectEntry, limit: usize) -> Option<&ObjectEntry> {
        self.merged += 1;
        let place = match self.place_of(incoming) {
            Some(place) => {
                self.entries[place].merge(incoming.clone());
                place
            }
            None if self.entries.len() >= limit => return None,
            None => {
                self.push(incoming.clone());
                self.entries.len() - 1
            }
        };
        Some(&self.entries[place])
    }

    /// The entry that another one speaks of.
    pub(crate) fn find(&self, incoming: &ObjectEntry) -> Option<&ObjectEntry> {
        self.place_of(incoming).map(|place| &self.entries[place])
    }

    /// How many reported entries were laid over these or added.
    pub(crate) const fn merged(&self) -> usize {
        self.merged
    }

    /// The node takes no more entries.
    pub(crate) fn close(&mut self) {
        self.index = None;
    }

    fn place_of(&self, incoming: &ObjectEntry) -> Option<usize> {
        match (&self.index, &incoming.track_id) {
            (Some(index), Some(track)) => index.get(track).copied(),
            (None, _) | (_, None) => self.entries.iter().position(|known| known.is_same_as(incoming)),
        }
    }

    fn push(&mut self, entry: ObjectEntry) {
        match (&mut self.index, &entry.track_id) {
            (Some(index), Some(track)) => {
                index.entry(track.clone()).or_insert(self.entries.len());
            }
            (index, _) => *index = None,
        }
        self.entries.push(entry);
        if self.entries.len() == FEW + 1 {
            // Backwards, so that of several the first stays.
            let places = self.entries.iter().enumerate().rev();
            self.index = places.map(|(place, entry)| Some((entry.track_id.clone()?, place))).collect();
        }
    }
}

impl From<Vec<ObjectEntry>> for EntryList {
    fn from(entries: Vec<ObjectEntry>) -> Self {
        let mut list = Self::default();
        entries.into_iter().for_each(|entry| list.push(entry));
        list
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ObjectStatus;

    /// An entry with few different ids, or none.
    fn entry() -> impl Strategy<Value = ObjectEntry> {
        let text = |texts| proptest::option::of(proptest::sample::select(texts));
        let many: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        let few: Vec<String> = many[..4].to_vec();
        let status = proptest::sample::select(vec![ObjectStatus::Working, ObjectStatus::Passed]);
        (
            text(few),
            text(many.clone()),
            proptest::option::weighted(0.97, proptest::sample::select(many)),
            status,
        )
            .prop_map(|(parent, id, track, status)| {
                let mut entry = ObjectEntry::default().with_status(status);
                entry.parent = parent.map(Into::into);
                entry.id = id.map(Into::into);
                entry.track_id = track.map(Into::into);
                entry
            })
    }

    proptest! {
        #[test]
        fn an_entry_changes_another_one_if_laying_it_over_shows(known in entry(), incoming in entry()) {
            let mut merged = known.clone();
            merged.merge(incoming.clone());
            prop_assert_eq!(known.is_changed_by(&incoming), merged != known);
        }

        #[test]
        fn the_index_finds_what_looking_through_all_entries_finds(
            entries in proptest::collection::vec(entry(), 0..120),
            limit in 0_usize..60,
        ) {
            let (mut list, mut all) = (EntryList::default(), Vec::<ObjectEntry>::new());
            for entry in &entries {
                let expected = match all.iter().position(|known| known.is_same_as(entry)) {
                    Some(place) => {
                        all[place].merge(entry.clone());
                        all.get(place)
                    }
                    None if all.len() >= limit => None,
                    None => {
                        all.push(entry.clone());
                        all.last()
                    }
                };
                prop_assert_eq!(list.merge(entry, limit), expected);
            }
            prop_assert_eq!(list.as_slice(), all);
        }
    }
}
