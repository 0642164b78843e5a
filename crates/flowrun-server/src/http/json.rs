//! JSON as text: what a body may hold, and objects taken apart without losing anything of their members.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Sees whether a body can be stored and given back: JSON without NUL characters, lone surrogates and numbers
/// beyond 64-bit floats, nested at most 127 levels deep.
///
/// # Errors
///
/// What is wrong, and where.
pub(crate) fn check(body: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<Sound>(body).map(|_| ())
}

/// Any JSON, looked at and dropped. `IgnoredAny` would not look into texts and numbers.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self, E> {
        if text.contains('\0') { Err(E::custom("a text holds a NUL character")) } else { Ok(self) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// The members of an object in their order, each value as it is written.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(Members(all))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'a> Members<'a> {
    /// The members of the object in `text`; `None` when it is none.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The value of a member: of several, the last, as everywhere in JSON.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// The object without the members of these names.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        object(kept.map(|(name, value)| (name.as_str(), value.get())))
    }
}

/// An object of these members, whose values are JSON.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::from("{");
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&text(name));
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

/// An array of these elements, which are JSON.
pub(crate) fn array<T: AsRef<str>>(elements: &[T]) -> String {
    let elements: Vec<&str> = elements.iter().map(AsRef::as_ref).collect();
    format!("[{}]", elements.join(","))
}

/// A text as JSON.
pub(crate) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What a run writes into its nodes. A flow that is saved has none of it, whoever took its nodes from a run.
const OF_RUNS: [&str; 6] = ["status", "finalized", "time_started", "time_completed", "objects", "alert_id"];

/// The nodes of a drawing without what a run has written into them. What is no node stays as it is, and a node
/// that no run has touched keeps its text byte for byte. `None` when it is no array.
pub(crate) fn without_progress(nodes: &str) -> Option<String> {
    let nodes: Vec<&RawValue> = serde_json::from_str(nodes).ok()?;
    let cleaned: Vec<String> = nodes.iter().map(|node| clean(node.get())).collect();
    Some(array(&cleaned))
}

fn clean(node: &str) -> String {
    let cleaned = || {
        let members = Members::of(node)?;
        let data = Members::of(members.get("data")?)?;
        if !data.0.iter().any(|(name, _)| OF_RUNS.contains(&name.as_str())) {
            return None;
        }
        let data = data.without(&OF_RUNS);
        let is_data = |name: &str| name == "data";
        let kept = members
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), if is_data(name) { data.as_str() } else { value.get() }));
        Some(object(kept))
    };
    cleaned().unwrap_or_else(|| node.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_given_back_is_sound() {
        for body in
            ["{}", "[1,-2,0.5,1e300,12345678901234567890,null,true]", r#"{"a":"\u00e9\ud83d\ude80\n"}"#]
        {
            check(body.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_cannot_is_refused() {
        let deep = "[".repeat(5000);
        for body in [
            "",
            " ",
            "{",
            "nul",
            "[1,]",
            "{'a':1}",
            "01",
            "1.",
            "NaN",
            "[Infinity]",
            "1e400",
            "{} x",
            "\u{feff}{}",
            r#""\u0000""#,
            r#"{"\u0000":1}"#,
            r#"["\ud800"]"#,
            r#"["\udc00"]"#,
            "\"a\nb\"",
            &deep,
        ] {
            assert!(check(body.as_bytes()).is_err(), "{body:.20}");
        }
        assert!(check(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_saved_node_has_nothing_of_a_run() {
        let plain = r#"{ "id":"1", "data":{"a":1.50,"b":12345678901234567890123} , "x":null}"#;
        let of_run =
            r#"{"id":"2","data":{"z":1,"status":"passed","objects":[{"status":1}],"alert_id":null},"y":0}"#;
        let nodes = format!("[{plain}, {of_run}, 5, {{\"data\":7}}]");
        let saved = format!("[{plain},{},5,{{\"data\":7}}]", r#"{"id":"2","data":{"z":1},"y":0}"#);
        assert_eq!(without_progress(&nodes), Some(saved));
        assert_eq!(without_progress("{}"), None);
        assert_eq!(without_progress("\"text\""), None);
    }
}
