//! Facts that take an object to one side of conditions or to the other.

use flowrun_core::{Conditions, Facts, NodeIx, Plan};
use serde_json::{Map, Value, json};

/// An object of this type may carry any data key as a member.
const KIND: &str = "scripted";
/// Combinations that are tried: conditions of the canvas have at most 4 expressions.
const TRIED: usize = 20_000;

/// Facts for either side of a node's conditions; `None` where there seem to be none.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    pub(super) on_true: Option<Map<String, Value>>,
    pub(super) on_false: Option<Map<String, Value>>,
}

/// Finds facts by trying, for each key, the values around those it is compared with.
pub(super) fn sides(plan: &Plan, node: NodeIx) -> Sides {
    let mut sides = Sides::default();
    let Some(conditions) = plan.conditions(node) else { return sides };
    let keys = candidates(plan.node(node).conditions().unwrap_or("[]"));
    let mut combination = vec![0; keys.len()];
    for _ in 0..TRIED {
        let facts = facts_of(&keys, &combination);
        let slot = if holds(conditions, &facts) { &mut sides.on_true } else { &mut sides.on_false };
        slot.get_or_insert(facts);
        if sides.on_true.is_some() && sides.on_false.is_some() {
            break;
        }
        if !next(&keys, &mut combination) {
            break;
        }
    }
    sides
}

fn holds(conditions: &Conditions, facts: &Map<String, Value>) -> bool {
    conditions.evaluate(Some(&Facts::new(facts.clone().into()))).holds
}

/// Each key with the values worth trying; null stands for its absence.
fn candidates(conditions: &str) -> Vec<(String, Vec<Value>)> {
    let expressions: Vec<Value> = serde_json::from_str(conditions).unwrap_or_default();
    let mut keys: Vec<(String, Vec<Value>)> = Vec::new();
    for expression in &expressions {
        let Some(key) = expression.get("data_type").and_then(Value::as_str) else { continue };
        let values = around(expression.get("value").unwrap_or(&Value::Null));
        match keys.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => known.extend(values),
            None => keys.push((key.to_owned(), values)),
        }
    }
    for (_, values) in &mut keys {
        values.push(Value::Null);
    }
    keys
}

fn around(value: &Value) -> Vec<Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut values = Vec::new();
    if let Some(number) = number_in(&text) {
        values.extend([json!(number), json!(number - 1.0), json!(number + 1.0)]);
    }
    values.extend([json!(text), json!(format!("{text}~")), json!(" ")]);
    values
}

/// The first number of a text.
fn number_in(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let start = if text[..start].ends_with('-') { start - 1 } else { start };
    let rest = &text[start..];
    let end = rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.').map_or(rest.len(), |end| end + 1);
    rest[..end].trim_end_matches('.').parse().ok()
}

fn facts_of(keys: &[(String, Vec<Value>)], combination: &[usize]) -> Map<String, Value> {
    let chosen = keys.iter().zip(combination).map(|((key, values), &place)| (key, &values[place]));
    let members =
        chosen.filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone()));
    std::iter::once(("type".to_owned(), KIND.into())).chain(members).collect()
}

/// Moves on to the next combination.
fn next(keys: &[(String, Vec<Value>)], combination: &mut [usize]) -> bool {
    for (place, (_, values)) in combination.iter_mut().zip(keys) {
        *place += 1;
        if *place < values.len() {
            return true;
        }
        *place = 0;
    }
    false
}
