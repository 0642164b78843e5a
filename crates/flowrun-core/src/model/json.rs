//! JSON kept as text: reading the members of an object without losing any, and replacing some of them.
//!
//! Documents keep what this project does not know. So they are held as the text they came as; known fields
//! are read from it, and writing means copying the text with a few members replaced.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A byte range of a document. Documents are limited to 4 GiB, so eight bytes are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// The place of `part` inside `whole`. An empty span stands for "absent".
    pub(crate) fn of(whole: &str, part: &str) -> Self {
        Self::of_bytes(whole.as_bytes(), part.as_bytes())
    }

    /// The place of `part`, which may begin or end inside of a character.
    pub(crate) fn of_bytes(whole: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        debug_assert!(start + part.len() <= whole.len(), "the part lies inside the whole");
        Self::of_range(start..start + part.len())
    }

    #[inline]
    pub(crate) fn of_range(range: Range<usize>) -> Self {
        let fit = |n: usize| u32::try_from(n).expect("documents over 4 GiB are refused before they are read");
        Self { start: fit(range.start), len: fit(range.len()) }
    }

    pub(crate) fn is_absent(self) -> bool {
        self.len == 0
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    pub(crate) fn text(self, whole: &str) -> &str {
        &whole[self.range()]
    }

    /// The bytes alone, for comparing: without a look at where characters begin.
    pub(crate) fn bytes(self, whole: &str) -> &[u8] {
        &whole.as_bytes()[self.range()]
    }
}

/// Whether two texts are the same. Ids and task types have a few bytes each, for which a call to compare memory takes
/// longer than the comparison: the first and the last ones overlap, and make up the whole.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        _ if a.len() != b.len() => false,
        4..=8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        9..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        _ => a == b,
    }
}

/// The members of a JSON object in their order, duplicates included; values stay text.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

/// A key borrowed from the document where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Copies `object` with the members in `new` replaced where they stand, or added at the end.
///
/// `object` must be a JSON object, which every caller knows from reading it; anything else is treated as an
/// empty one.
pub(crate) fn overlay(out: &mut String, object: &str, new: &[(&str, &str)]) {
    let members = serde_json::from_str::<Members<'_>>(object).map(|m| m.0).unwrap_or_default();
    let mut put = ObjectWriter::start(out);
    for (key, value) in &members {
        let replaced = new.iter().find(|(name, _)| name == key);
        put.member(key, replaced.map_or(value.get(), |(_, value)| value));
    }
    for (key, value) in new {
        if !members.iter().any(|(name, _)| name == key) {
            put.member(key, value);
        }
    }
    put.end();
}

/// Writes one JSON object, member by member, from values that are JSON text already.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn start(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Writes the key and hands out the buffer for its value.
    pub(crate) fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        quote(self.out, key);
        self.out.push(':');
        self.out
    }

    pub(crate) fn member(&mut self, key: &str, json: &str) {
        self.key(key).push_str(json);
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        quote(self.key(key), value);
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn quote(out: &mut String, text: &str) {
    // Most texts need no escape; serde_json decides what does.
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&to_json(&text));
    }
}

/// A value as JSON text. Only for values that cannot fail to serialise: our own types with string keys.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types serialise: string keys and no failing impls")
}

/// The text of a JSON string that was read before, borrowed where it has no escapes. Empty when absent.
pub(crate) fn string_of(raw: &str) -> Cow<'_, str> {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        Some(_) => Cow::Owned(serde_json::from_str(raw).unwrap_or_default()),
        None => Cow::Borrowed(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlay_replaces_in_place_and_adds_at_the_end() {
        let mut out = String::new();
        overlay(&mut out, r#"{"a": 1, "b":[1e2, {"c":null}],"é":"\u00e9"}"#, &[("b", "2"), ("z", "true")]);
        assert_eq!(out, r#"{"a":1,"b":2,"é":"\u00e9","z":true}"#);
    }

    #[test]
    fn strings_with_escapes_are_decoded() {
        assert_eq!(string_of(r#""a""#), "a");
        assert_eq!(string_of(r#""\u0061\n""#), "a\n");
        assert_eq!(string_of("null"), "");
    }
}
