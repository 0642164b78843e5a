//! Holds an answer against a recorded one.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values that were captured, or given, by their names.
pub(crate) type Names = BTreeMap<String, String>;

/// A place where an answer is not as recorded.
#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    pub(crate) path: String,
    pub(crate) want: String,
    pub(crate) got: String,
}

impl Mismatch {
    pub(crate) fn new(path: &str, want: impl ToString, got: impl ToString) -> Self {
        Self { path: path.to_owned(), want: want.to_string(), got: got.to_string() }
    }
}

/// What stands for something that is not there.
const NOTHING: &str = "nothing";

/// Puts the known names into a text.
pub(crate) fn fill(text: &str, names: &Names) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_name(rest) {
        filled.push_str(before);
        match names.get(name) {
            Some(value) => filled.push_str(value),
            None => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    filled + rest
}

/// Puts the known names into every text of a value.
pub(crate) fn fill_value(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => fill(text, names).into(),
        Value::Array(items) => items.iter().map(|item| fill_value(item, names)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (fill(key, names), fill_value(value, names)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The first `{{name}}` of a text, with what stands around it. A brace before it belongs to the text.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    for open in (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(b"{{")) {
        let rest = &text[open + 2..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        if length > 0 && rest[length..].starts_with("}}") {
            return Some((&text[..open], &rest[..length], &rest[length + 2..]));
        }
    }
    None
}

/// How a kind of value is written, and whether a text is one.
type Kind = (&'static str, fn(&str) -> bool);

/// The kinds of values that stand in angle brackets.
const KINDS: [Kind; 5] = [
    ("<uuid>", is_uuid),
    ("<time T1>", |text| is_time(text, 'T', "Z", false)),
    ("<time T2>", |text| is_time(text, ' ', "", true)),
    ("<time T3>", |text| is_time(text, ' ', "+00:00", false)),
    ("<any>", |_| true),
];

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

fn is_time(text: &str, between: char, end: &str, needs_fraction: bool) -> bool {
    let Some(text) = text.strip_suffix(end) else { return false };
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let whole = format!("0000-00-00{between}00:00:00");
    shape == format!("{whole}.000000") || !needs_fraction && shape == whole
}

/// Whether a text is as recorded. A name that is not known yet takes what stands in its place.
fn text_matches(want: &str, got: &str, names: &mut Names) -> bool {
    // The recordings have one placeholder at a place, with fixed text around it.
    if let Some((kind, is_one)) = KINDS.iter().find(|(kind, _)| want.contains(kind)) {
        let (before, after) = want.split_once(kind).unwrap();
        let (before, after) = (fill(before, names), fill(after, names));
        let inner = got.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after));
        return inner
            .is_some_and(|inner| is_one(inner) && !KINDS.iter().any(|(kind, _)| after.contains(kind)));
    }
    let want = fill(want, names);
    let Some((before, name, after)) = next_name(&want) else { return want == got };
    let inner = got.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    match inner {
        Some(inner) if !inner.is_empty() && next_name(after).is_none() => {
            names.insert(name.to_owned(), inner.to_owned());
            true
        }
        _ => false,
    }
}

/// Every difference between two values. The order of keys does not count.
pub(crate) fn compare(path: &str, want: &Value, got: &Value, names: &mut Names, found: &mut Vec<Mismatch>) {
    match (want, got) {
        (Value::String(want), _) if want == "<any>" => {}
        (Value::Object(want), Value::Object(got)) => {
            for (key, want) in want.iter().filter(|(key, _)| *key != "<rest>") {
                let at = format!("{path}.{key}");
                match got.get(key) {
                    Some(got) => compare(&at, want, got, names, found),
                    None => found.push(Mismatch::new(&at, want, NOTHING)),
                }
            }
            if !want.contains_key("<rest>") {
                let more = got.iter().filter(|(key, _)| !want.contains_key(*key));
                found.extend(more.map(|(key, got)| Mismatch::new(&format!("{path}.{key}"), NOTHING, got)));
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            for index in 0..want.len().max(got.len()) {
                let at = format!("{path}[{index}]");
                match (want.get(index), got.get(index)) {
                    (Some(want), Some(got)) => compare(&at, want, got, names, found),
                    (want, got) => {
                        let shown =
                            |value: Option<&Value>| value.map_or(NOTHING.to_owned(), Value::to_string);
                        found.push(Mismatch::new(&at, shown(want), shown(got)));
                    }
                }
            }
        }
        (Value::String(want), Value::String(text)) => {
            if !text_matches(want, text, names) {
                found.push(Mismatch::new(path, fill(want, names), text));
            }
        }
        (Value::Number(want), Value::Number(got)) => {
            if want != got && want.as_f64() != got.as_f64() {
                found.push(Mismatch::new(path, want, got));
            }
        }
        _ => {
            if want != got {
                found.push(Mismatch::new(path, want, got));
            }
        }
    }
}

/// The part of a value that a path such as `$.results[0].id` names.
pub(crate) fn pick<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let pieces = path.trim_start_matches('$').split(['.', '[', ']']).filter(|piece| !piece.is_empty());
    pieces.into_iter().try_fold(value, |value, piece| match piece.parse::<usize>() {
        Ok(index) if value.is_array() => value.get(index),
        _ => value.get(piece),
    })
}

#[test]
fn a_wrong_answer_is_found_out() {
    let differs = |want: &str, got: &str| {
        let (want, got) = (serde_json::from_str(want).unwrap(), serde_json::from_str(got).unwrap());
        let (mut names, mut found) = (Names::from([("n".to_owned(), "1".to_owned())]), Vec::new());
        compare("body", &want, &got, &mut names, &mut found);
        found.into_iter().map(|mismatch| mismatch.path).collect::<Vec<_>>()
    };
    assert_eq!(
        differs(r#"{"a":"<any>","b":"<time T1>"}"#, r#"{"a":[],"b":"2024-11-15T18:01:32Z"}"#),
        [""; 0]
    );
    assert_eq!(differs(r#"{"a":1.0,"<rest>":"<any>"}"#, r#"{"a":1,"b":2}"#), [""; 0]);
    assert_eq!(differs(r#"["x {{n}}","{{m}}","{{m}}"]"#, r#"["x 1","y","y"]"#), [""; 0]);
    assert_eq!(differs(r#"["x {{n}}","{{m}}","{{m}}"]"#, r#"["x 2","y","z"]"#), ["body[0]", "body[2]"]);
    assert_eq!(differs(r#"{"a":1}"#, r#"{"b":1}"#), ["body.a", "body.b"]);
    assert_eq!(differs(r#"["<uuid>","<time T2>",true,null]"#, r#"["x","2024-11-15 18:01:32",1]"#).len(), 4);
}
