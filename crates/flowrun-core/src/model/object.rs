//! Object entries: what a node works on or yields, one entry per scan, test, case run, report or issue.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// How far the work on one object is. Every state but [`Working`](Self::Working) is terminal.
///
/// ```
/// use flowrun_core::ObjectStatus;
///
/// assert!(ObjectStatus::Passed.is_terminal() && !ObjectStatus::Working.is_terminal());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectStatus {
    /// Being worked on.
    #[default]
    Working,
    /// Ended well.
    Passed,
    /// Ended badly: it fails its node.
    Failed,
    /// A test that was given up. It neither fails its node nor goes to either side of a condition.
    Incomplete,
}

impl ObjectStatus {
    /// Whether the entry's status can no longer change.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Working)
    }
}

/// One entry of a node's `objects`.
///
/// Reading normalises as the original does: numbers become text, an absent `source_id` takes `id`, a missing
/// `track_id` becomes `id`, else `source:<source_id>`, else `legacy:<parent>`. Unknown keys are kept.
///
/// ```
/// use flowrun_core::{ObjectEntry, ObjectStatus};
///
/// let entry: ObjectEntry = serde_json::from_str(r#"{"parent":"p","id":7,"status":"passed","note":1e2}"#)?;
/// assert_eq!(entry.source_id.as_deref(), Some("7"));
/// assert_eq!(entry.track_id.as_deref(), Some("7"));
/// assert_eq!(entry.status, ObjectStatus::Passed);
/// assert!(serde_json::to_string(&entry)?.ends_with(r#""note":1e2}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ObjectEntry {
    /// Page id (scan, test), site id (case, report) or id of the source object (issue). Informational.
    pub parent: Option<Box<str>>,
    /// Id of the object itself; absent while it has not been created.
    pub id: Option<Box<str>>,
    /// The object that conditions and templates read; equals `id` once that is known.
    pub source_id: Option<Box<str>>,
    /// Stable merge key for the life of the entry.
    pub track_id: Option<Box<str>>,
    /// How far the work is.
    pub status: ObjectStatus,
    extra: Vec<(Box<str>, Box<RawValue>)>,
}

impl ObjectEntry {
    /// An entry for the object `id`, found on `parent`, still being worked on.
    #[must_use]
    pub fn new(parent: impl Into<String>, id: impl Into<String>) -> Self {
        let id = Some(id.into().into_boxed_str());
        Self {
            parent: Some(parent.into().into_boxed_str()),
            source_id: id.clone(),
            track_id: id.clone(),
            id,
            ..Self::default()
        }
    }

    /// The same entry with another status.
    #[must_use]
    pub fn with_status(mut self, status: ObjectStatus) -> Self {
        self.status = status;
        self
    }

    /// The JSON text of a key beside the entry's own five; `None` when it has no such key.
    #[must_use]
    pub fn extra(&self, key: &str) -> Option<&str> {
        self.extra.iter().find(|(known, _)| **known == *key).map(|(_, value)| value.get())
    }

    /// The same entry with a key beside its own five, which the wire shows and a later attempt is handed. A key
    /// of the five changes nothing.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: Box<RawValue>) -> Self {
        let key = key.into().into_boxed_str();
        if !["parent", "id", "source_id", "track_id", "status"].contains(&&*key) {
            self.extra.retain(|(known, _)| *known != key);
            self.extra.push((key, value));
        }
        self
    }

    /// The id under which the facts of this entry's object are found: `source_id`, else `id`.
    #[must_use]
    pub fn fact_id(&self) -> Option<&str> {
        self.source_id.as_deref().or(self.id.as_deref())
    }

    /// The entry as it stands on the other side of a condition: its five keys only, with a new parent.
    #[must_use]
    pub(crate) fn routed(&self, parent: &str) -> Self {
        Self {
            parent: Some(parent.into()),
            id: self.id.clone(),
            source_id: self.source_id.clone().or_else(|| self.id.clone()),
            track_id: self.track_id.clone().or_else(|| self.id.clone()),
            status: ObjectStatus::Working,
            extra: Vec::new(),
        }
    }

    /// The entry with its five keys only. Laid over the entry itself it changes nothing.
    pub(crate) fn bare(&self) -> Self {
        Self {
            parent: self.parent.clone(),
            id: self.id.clone(),
            source_id: self.source_id.clone(),
            track_id: self.track_id.clone(),
            status: self.status,
            extra: Vec::new(),
        }
    }

    /// Whether an incoming entry speaks of this one: by `track_id` if both have one, else by `id`, else by
    /// `parent`.
    pub(crate) fn is_same_as(&self, incoming: &Self) -> bool {
        match (&self.track_id, &incoming.track_id, &self.id, &incoming.id) {
            (Some(mine), Some(theirs), _, _) | (_, _, Some(mine), Some(theirs)) => mine == theirs,
            _ => self.parent == incoming.parent,
        }
    }

    /// Lays an incoming entry over this one. A missing id does not wipe out a known one, and a terminal
    /// status stays.
    pub(crate) fn merge(&mut self, incoming: Self) {
        if incoming.parent.is_some() {
            self.parent = incoming.parent;
        }
        match incoming.id {
            Some(id) => {
                self.id = Some(id);
                if incoming.source_id.is_some() {
                    self.source_id = incoming.source_id;
                }
            }
            // A placeholder: it may only name a source where none is known, and never replaces a found object.
            None if self.id.is_none() && incoming.source_id.is_some() => self.source_id = incoming.source_id,
            None => {}
        }
        if incoming.track_id.is_some() {
            self.track_id = incoming.track_id;
        }
        if !self.status.is_terminal() {
            self.status = incoming.status;
        }
        for (key, value) in incoming.extra {
            match self.extra.iter_mut().find(|(known, _)| *known == key) {
                Some((_, slot)) => *slot = value,
                None => self.extra.push((key, value)),
            }
        }
    }

    /// Whether [`merge`](Self::merge) with that entry would change anything.
    pub(crate) fn is_changed_by(&self, incoming: &Self) -> bool {
        let is_new = |new: &Option<Box<str>>, known: &Option<Box<str>>| new.is_some() && new != known;
        let takes_source = incoming.id.is_some() || self.id.is_none();
        let is_new_extra = |(key, value): &(Box<str>, Box<RawValue>)| {
            let known = self.extra.iter().find(|(known, _)| known == key);
            known.is_none_or(|(_, known)| known.get() != value.get())
        };
        is_new(&incoming.parent, &self.parent)
            || is_new(&incoming.id, &self.id)
            || (takes_source && is_new(&incoming.source_id, &self.source_id))
            || is_new(&incoming.track_id, &self.track_id)
            || (!self.status.is_terminal() && self.status != incoming.status)
            || incoming.extra.iter().any(is_new_extra)
    }

    /// Gives an entry without `track_id` the one that reading it from JSON would: entries made in code and
    /// entries read back from a journal must find each other alike.
    pub(crate) fn fill_track_id(&mut self) {
        if self.track_id.is_none() {
            self.track_id = self.id.clone().or_else(|| {
                let (prefix, id) = match &self.source_id {
                    Some(source) => ("source", Some(source)),
                    None => ("legacy", self.parent.as_ref()),
                };
                id.map(|id| format!("{prefix}:{id}").into())
            });
        }
    }
}

impl PartialEq for ObjectEntry {
    fn eq(&self, other: &Self) -> bool {
        let extra = |entry: &Self| {
            entry.extra.iter().map(|(key, value)| (key.clone(), value.get().to_owned())).collect::<Vec<_>>()
        };
        self.parent == other.parent
            && self.id == other.id
            && self.source_id == other.source_id
            && self.track_id == other.track_id
            && self.status == other.status
            && extra(self) == extra(other)
    }
}

impl Serialize for ObjectEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5 + self.extra.len()))?;
        map.serialize_entry("parent", &self.parent)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source_id", &self.source_id)?;
        map.serialize_entry("track_id", &self.track_id)?;
        map.serialize_entry("status", &self.status)?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ObjectEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = ObjectEntry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object entry")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectEntry, A::Error> {
                let mut entry = ObjectEntry::default();
                let mut source_id_given = false;
                while let Some(key) = map.next_key::<Box<str>>()? {
                    match &*key {
                        "parent" => entry.parent = map.next_value::<IdText>()?.0,
                        "id" => entry.id = map.next_value::<IdText>()?.0,
                        "source_id" => {
                            entry.source_id = map.next_value::<IdText>()?.0;
                            source_id_given = true;
                        }
                        "track_id" => entry.track_id = map.next_value::<IdText>()?.0,
                        "status" => entry.status = map.next_value()?,
                        _ => entry.extra.push((key, map.next_value()?)),
                    }
                }
                if !source_id_given {
                    entry.source_id = entry.id.clone();
                }
                entry.fill_track_id();
                Ok(entry)
            }
        }
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// An id as text, a number or null; numbers are kept as their text.
struct IdText(Option<Box<str>>);

impl<'de> Deserialize<'de> for IdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde_json::Value;
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self(None)),
            Value::String(text) => Ok(Self(Some(text.into()))),
            Value::Number(number) => Ok(Self(Some(number.to_string().into()))),
            other @ (Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(de::Error::custom(format_args!("an id is a text, a number or null, not {other}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> ObjectEntry {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn entries_of_older_runs_get_their_missing_ids() {
        let only_parent = entry(r#"{"parent":"p","status":"working"}"#);
        assert_eq!(only_parent.track_id.as_deref(), Some("legacy:p"));
        let only_source = entry(r#"{"parent":"p","id":null,"source_id":"s","status":"working"}"#);
        assert_eq!(only_source.track_id.as_deref(), Some("source:s"));
        let null_source = entry(r#"{"id":"i","source_id":null,"status":"working"}"#);
        assert_eq!(null_source.source_id, None);
    }

    #[test]
    fn a_placeholder_does_not_wipe_out_what_is_known() {
        let mut known = entry(r#"{"parent":"p","id":"t","source_id":"t","track_id":"k","status":"passed"}"#);
        known.merge(entry(r#"{"parent":"p","id":null,"source_id":"p","track_id":"k","status":"working"}"#));
        assert_eq!(known.id.as_deref(), Some("t"));
        assert_eq!(known.source_id.as_deref(), Some("t"));
        assert_eq!(known.status, ObjectStatus::Passed);
    }

    #[test]
    fn unknown_keys_are_merged() {
        let mut known = entry(r#"{"id":"t","status":"working","a":1,"b":2}"#);
        known.merge(entry(r#"{"id":"t","status":"failed","b":3,"c":4}"#));
        let json = serde_json::to_string(&known).unwrap();
        assert!(json.ends_with(r#""status":"failed","a":1,"b":3,"c":4}"#), "{json}");
    }
}
