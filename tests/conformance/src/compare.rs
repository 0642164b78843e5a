//! Comparing by value, as far as the first difference.

use serde_json::Value;

/// Stands in an expectation for an id that the engine makes: any text.
pub(crate) const GENERATED: &str = "<generated>";

/// Where an expectation and what was got part ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place, such as `final.nodes[1].status`.
    pub path: String,
    /// What is expected there; `None` when nothing is.
    pub expected: Option<Value>,
    /// What was got there; `None` when nothing was.
    pub got: Option<Value>,
}

/// The first place, in the order of the expectation, where the values differ. The order of keys does not
/// matter, that of lists does; `90` and `90.0` are the same number; `<generated>` expects any text.
#[must_use]
pub fn first_difference(expected: &Value, got: &Value) -> Option<Difference> {
    difference_at(String::new(), Some(expected), Some(got))
}

fn difference_at(path: String, expected: Option<&Value>, got: Option<&Value>) -> Option<Difference> {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            let more = got.keys().filter(|key| !expected.contains_key(*key));
            expected.keys().chain(more).find_map(|key| {
                let dot = if path.is_empty() { "" } else { "." };
                difference_at(format!("{path}{dot}{key}"), expected.get(key), got.get(key))
            })
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) => (0..expected.len().max(got.len()))
            .find_map(|place| difference_at(format!("{path}[{place}]"), expected.get(place), got.get(place))),
        (Some(expected), Some(got)) if is_same(expected, got) => None,
        _ => Some(Difference { path, expected: expected.cloned(), got: got.cloned() }),
    }
}

/// Whether two values that are no containers, or of different kinds, are the same.
fn is_same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::String(text), Value::String(_)) if text == GENERATED => true,
        (Value::Number(expected), Value::Number(got)) => {
            expected == got || (expected.is_f64() || got.is_f64()) && expected.as_f64() == got.as_f64()
        }
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(expected: &Value, got: &Value) -> Option<String> {
        first_difference(expected, got).map(|difference| difference.path)
    }

    #[test]
    fn values_are_compared_not_their_spelling() {
        let expected = json!({"a": 90, "b": ["<generated>", null]});
        assert_eq!(path(&expected, &json!({"b": ["x", null], "a": 90.0})), None);
        assert_eq!(path(&expected, &json!({"a": 90, "b": [1, null]})).as_deref(), Some("b[0]"));
    }

    #[test]
    fn what_is_missing_or_too_much_is_a_difference() {
        assert_eq!(path(&json!({"a": [1, 2]}), &json!({"a": [1]})).as_deref(), Some("a[1]"));
        assert_eq!(path(&json!({"a": [1]}), &json!({"a": [1, 2]})).as_deref(), Some("a[1]"));
        assert_eq!(path(&json!({}), &json!({"a": null})).as_deref(), Some("a"));
        assert_eq!(path(&json!({"a": {"b": {}}}), &json!({"a": {"b": []}})).as_deref(), Some("a.b"));
    }
}
