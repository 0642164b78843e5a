//! Comparing two runs of one flow: the same but for times, ids, and the lines of nodes whose attempts died.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What two documents do not share; `None` when they are the same run. Attempts of the nodes `lost` died, and
/// with them what they had not told yet.
pub(crate) fn difference(unbroken: &str, broken: &str, lost: &BTreeSet<String>) -> Option<String> {
    let (mut unbroken, mut broken) = (parsed(unbroken), parsed(broken));
    let (lines, told) = (logs(&mut unbroken), logs(&mut broken));
    let differs = |step: &&String| !lost.contains(*step) && lines.get(*step) != told.get(*step);
    if let Some(step) = lines.keys().chain(told.keys()).find(differs) {
        let (lines, told) = (lines.get(step), told.get(step));
        return Some(format!("the log of step {step}: {lines:?} without kills, {told:?} with them"));
    }
    first_difference("", &plain(unbroken), &plain(broken))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Takes the log out of a run: the messages of each step, those about one page in their order. Pages are scanned at
/// the same time, so lines about different ones come as it happens.
fn logs(run: &mut Value) -> BTreeMap<String, Vec<String>> {
    let mut steps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in run["logs"].take().as_array().expect("a run has logs") {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let message: Vec<String> = text("message").split(' ').map(without_id).collect();
        steps.entry(text("step")).or_default().push(message.join(" "));
    }
    steps.values_mut().for_each(|lines| lines.sort_by(|one, other| page(one).cmp(page(other))));
    steps
}

/// The page that a line is about; empty when it is about none.
fn page(line: &str) -> &str {
    line.split(' ').find(|word| word.starts_with("http")).unwrap_or_default()
}

/// A word of a line, blanked out if it is an id.
fn without_id(word: &str) -> String {
    if is_id(word) { "(id)".to_owned() } else { word.to_owned() }
}

/// The document with times and ids blanked out, each by its form.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) if is_id(&text) => "(id)".into(),
        Value::String(text) if text.parse::<flowrun::Timestamp>().is_ok() => "(time)".into(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        other => other,
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<flowrun::RunId>().is_ok()
}

/// Where two documents differ first, and how.
fn first_difference(at: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys());
            keys.into_iter().find_map(|key| {
                let of =
                    |members: &serde_json::Map<String, Value>| members.get(key).cloned().unwrap_or_default();
                first_difference(&format!("{at}/{key}"), &of(one), &of(other))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(place, (one, other))| first_difference(&format!("{at}/{place}"), one, other)),
        _ => (one != other).then(|| format!("{at}: {one} without kills, {other} with them")),
    }
}
