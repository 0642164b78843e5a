//! Entries of nodes in the model: section 1.8 and the merge rule of section 3.4.

use serde_json::Value;

use super::run::Entry;
use crate::case::id_text;

const IDS: [&str; 4] = ["parent", "id", "source_id", "track_id"];

/// Lays entries over the ones a node has. `back` lets a status go back from its end.
pub(super) fn merge(stored: &mut Vec<Entry>, incoming: &[Entry], back: bool) {
    stored.iter_mut().for_each(normalise);
    for entry in incoming {
        let mut entry = entry.clone();
        normalise(&mut entry);
        match stored.iter_mut().find(|known| is_same(known, &entry)) {
            Some(known) => overlay(known, entry, back),
            None => stored.push(entry),
        }
    }
}

/// The entry on the other side of a condition: its five keys, with a new parent.
pub(super) fn routed(entry: &Entry) -> Entry {
    let or_id = |key: &str| [key, "id"].iter().find_map(|key| present(entry, key)).unwrap_or_default();
    [
        ("parent", "<generated>".into()),
        ("id", present(entry, "id").unwrap_or_default()),
        ("source_id", or_id("source_id")),
        ("track_id", or_id("track_id")),
        ("status", "working".into()),
    ]
    .map(|(key, value): (&str, Value)| (key.to_owned(), value))
    .into_iter()
    .collect()
}

fn normalise(entry: &mut Entry) {
    if !entry.contains_key("source_id") {
        entry.insert("source_id".into(), entry.get("id").cloned().unwrap_or_default());
    }
    for key in IDS {
        let id = entry.get(key).and_then(id_text);
        entry.insert(key.into(), id.into());
    }
    if present(entry, "track_id").is_none() {
        let named = |prefix: &str, key: &str| {
            present(entry, key).and_then(|id| Some(format!("{prefix}{}", id.as_str()?)))
        };
        let track = named("", "id").or_else(|| named("source:", "source_id"));
        let track = track.or_else(|| named("legacy:", "parent"));
        entry.insert("track_id".into(), track.into());
    }
}

fn present(entry: &Entry, key: &str) -> Option<Value> {
    entry.get(key).filter(|value| !value.is_null()).cloned()
}

fn is_same(stored: &Entry, incoming: &Entry) -> bool {
    for key in ["track_id", "id"] {
        if let (Some(mine), Some(theirs)) = (present(stored, key), present(incoming, key)) {
            return mine == theirs;
        }
    }
    stored.get("parent") == incoming.get("parent")
}

fn overlay(stored: &mut Entry, incoming: Entry, back: bool) {
    let keeps_source = present(&incoming, "id").is_none() && present(stored, "id").is_some();
    for (key, value) in incoming {
        let keeps = match &*key {
            "source_id" => value.is_null() || keeps_source,
            "status" => !back && stored.get("status").is_some_and(|status| status != "working"),
            key => value.is_null() && IDS.contains(&key),
        };
        if !keeps {
            stored.insert(key, value);
        }
    }
}
