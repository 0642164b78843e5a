//! Any template with any value, in every place.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use flowrun::{Facts, Place, render};
use serde_json::{Value, json};
use url::Url;

/// Every place, and the characters that no value may bring into it.
const PLACES: [(Place, &[char]); 6] = [
    (Place::Plain, &[]),
    (Place::Json, &[]),
    (Place::Header, &['\r', '\n', '\0', '\u{7f}']),
    (Place::Url, &[]),
    (Place::Html, &['<', '>', '"', '\'']),
    (Place::Slack, &['<', '>']),
];

/// A secret that no input can hold: a fuzzer would learn a fixed one from the comparisons, and write it itself.
fn secret_of(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("secret-{:016x}", hasher.finish())
}

/// A value never leaves the place it is put into.
///
/// The input is two texts with a zero byte between them: the template, and the value of `{{title}}`.
pub fn templates(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (template, value) = text.split_once('\0').unwrap_or((text, "\"><!channel>\r\n{{token}}"));
    let secret = secret_of(text);
    let secrets = BTreeMap::from([("token".to_owned(), secret.clone())]);
    let facts_of = |value| Facts::new(json!({"type": "own", "title": value}));
    let (facts, plain) = (facts_of(value), facts_of("plain"));
    let filled = |place, facts| {
        render(template, place, Some(facts), &secrets)
            .map_or_else(|_| String::new(), |rendered| rendered.text)
    };

    let names_token = template.contains("{{token}}");
    for (place, forbidden) in PLACES {
        let filled = filled(place, &facts);
        assert!(names_token || !filled.contains(&secret), "only the author names a secret ({place:?})");
        let count = |text: &str| text.chars().filter(|c| forbidden.contains(c)).count();
        assert!(count(&filled) <= count(template), "a value brought in one of {forbidden:?} ({place:?})");
    }
    // An address leads where it leads with a plain value.
    assert_eq!(target(&filled(Place::Url, &facts)), target(&filled(Place::Url, &plain)));
    // A JSON template stays JSON of the same structure.
    if let Ok(expected) = serde_json::from_str::<Value>(&filled(Place::Json, &plain)) {
        let value =
            serde_json::from_str::<Value>(&filled(Place::Json, &facts)).expect("a value breaks no JSON");
        assert!(value.is_object() == expected.is_object() && members(&value) == members(&expected));
    }
}

/// Who gets a request to that address; `None` when it is none.
fn target(address: &str) -> Option<(String, Option<String>, Option<u16>)> {
    let url = Url::parse(address).ok()?;
    Some((url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port()))
}

/// How many values there are in it, at any depth.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(members).sum::<usize>() + 1,
        Value::Object(members_of) => members_of.values().map(members).sum::<usize>() + 1,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
