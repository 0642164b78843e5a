//! Any template with any value, in every place.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use flowrun::{Facts, Place, render};
use serde_json::{Value, json};

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
    let facts = Facts::new(json!({"type": "own", "title": value}));
    let filled = |place| render(template, place, Some(&facts), &secrets).text;

    let names_token = template.contains("{{token}}");
    for place in [Place::Plain, Place::Json, Place::Header, Place::Url, Place::Html, Place::Slack] {
        assert!(
            names_token || !filled(place).contains(&secret),
            "only the author names a secret ({place:?})"
        );
    }
    for (place, forbidden) in [
        (Place::Header, &['\r', '\n', '\0', '\u{7f}'][..]),
        (Place::Html, &['<', '>', '"', '\''][..]),
        (Place::Slack, &['<', '>'][..]),
    ] {
        let count = |text: &str| text.chars().filter(|c| forbidden.contains(c)).count();
        assert!(
            count(&filled(place)) <= count(template),
            "a value brought in one of {forbidden:?} ({place:?})"
        );
    }
    // A JSON template stays JSON of the same structure: the one it has with a plain value.
    let plain = Facts::new(json!({"type": "own", "title": "plain"}));
    if let Ok(expected) =
        serde_json::from_str::<Value>(&render(template, Place::Json, Some(&plain), &secrets).text)
    {
        let value = serde_json::from_str::<Value>(&filled(Place::Json)).expect("a value breaks no JSON");
        assert!(value.is_object() == expected.is_object() && members(&value) == members(&expected));
    }
}

/// How many values there are in it, at any depth.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(members).sum::<usize>() + 1,
        Value::Object(members_of) => members_of.values().map(members).sum::<usize>() + 1,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
