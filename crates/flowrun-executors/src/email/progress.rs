//! How far a node's mails are, in the entry of their object.

use std::collections::BTreeSet;

use flowrun::ObjectEntry;
use serde_json::value::to_raw_value;

/// The key of an entry that tells which addresses were sent to: a list of them when the attempt is over, and while it
/// goes on their places in the node's list (`"1-7,9"`), because a list in a report for each address would grow with
/// their square.
const SENT_TO: &str = "sent_to";

/// Which addresses of a node's list were sent to, counted from 1.
#[derive(Debug, Default)]
pub(super) struct Progress(BTreeSet<usize>);

impl Progress {
    /// What earlier attempts told. What is no such list was not written here.
    pub(super) fn of(entry: &ObjectEntry, addresses: &[String]) -> Self {
        let told = entry.extra(SENT_TO).unwrap_or("null");
        let listed: Vec<String> = serde_json::from_str(told).unwrap_or_default();
        let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        let ranges: String = serde_json::from_str(told).unwrap_or_default();
        let ranges: Vec<(usize, usize)> = ranges.split(',').filter_map(range).collect();
        let is_done = |(number, address): &(usize, &String)| {
            listed.contains(address.as_str()) || ranges.iter().any(|(from, to)| (from..=to).contains(&number))
        };
        Self((1..).zip(addresses).filter(is_done).map(|(number, _)| number).collect())
    }

    pub(super) fn holds(&self, number: usize) -> bool {
        self.0.contains(&number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, number: usize) {
        self.0.insert(number);
    }

    /// The entry while the attempt goes on.
    pub(super) fn under_way(&self, entry: ObjectEntry) -> ObjectEntry {
        with(entry, &self.ranges())
    }

    /// The entry when the attempt is over.
    pub(super) fn told(&self, entry: ObjectEntry, addresses: &[String]) -> ObjectEntry {
        let sent: Vec<&String> =
            (1..).zip(addresses).filter(|(number, _)| self.holds(*number)).map(|(_, one)| one).collect();
        with(entry, &sent)
    }

    fn ranges(&self) -> String {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for &number in &self.0 {
            match ranges.last_mut() {
                Some((_, to)) if *to + 1 == number => *to = number,
                _ => ranges.push((number, number)),
            }
        }
        let text = |(from, to): &(usize, usize)| {
            if from == to { from.to_string() } else { format!("{from}-{to}") }
        };
        ranges.iter().map(text).collect::<Vec<_>>().join(",")
    }
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn with(entry: ObjectEntry, value: &(impl serde::Serialize + ?Sized)) -> ObjectEntry {
    entry.with_extra(SENT_TO, to_raw_value(value).expect("texts and lists of texts can be written as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_was_written() {
        let addresses: Vec<String> = ('a'..='h').map(|c| format!("{c}@x.example")).collect();
        let mut progress = Progress::default();
        for number in [1, 2, 3, 5, 8] {
            progress.add(number);
        }
        let under_way = progress.under_way(ObjectEntry::new("page", "1"));
        assert_eq!(under_way.extra("sent_to"), Some(r#""1-3,5,8""#));
        let told = progress.told(under_way.clone(), &addresses);
        assert_eq!(told.extra("sent_to").unwrap().matches("@x.example").count(), 5);
        for entry in [under_way, told] {
            let read = Progress::of(&entry, &addresses);
            assert_eq!(read.0, progress.0);
        }
        let junk = with(ObjectEntry::new("page", "1"), "x,1-,9-2,-3,0,99999999999999999999");
        assert!(Progress::of(&junk, &addresses).0.is_empty());
    }
}
