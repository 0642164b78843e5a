//! Rewriting an expectation at the places where two models differ.

use serde_json::Value;

use super::compare::first_difference;

/// Brings `expected` from what one model says to what another says: where the two differ and `expected` reads
/// as the first says, it then reads as the second. Everything else stays. Whether anything was rewritten.
pub(super) fn rewrite(expected: &mut Value, before: &Value, after: &Value) -> bool {
    match (&mut *expected, before, after) {
        (Value::Object(expected), Value::Object(before), Value::Object(after))
            if before.len() == after.len() && before.keys().all(|key| after.contains_key(key)) =>
        {
            let mut rewritten = false;
            for (key, before) in before {
                if let Some(expected) = expected.get_mut(key) {
                    rewritten |= rewrite(expected, before, &after[key]);
                }
            }
            rewritten
        }
        // Of lists of the same length each element is looked at alone.
        (Value::Array(expected), Value::Array(before), Value::Array(after))
            if before.len() == after.len() && expected.len() == before.len() =>
        {
            let places = expected.iter_mut().zip(before.iter().zip(after));
            places.fold(false, |rewritten, (expected, (before, after))| {
                rewrite(expected, before, after) | rewritten
            })
        }
        (expected, before, after) => {
            let changes = first_difference(before, after).is_some() || before != after;
            if changes && first_difference(expected, before).is_none() && *expected != after.clone() {
                *expected = after.clone();
                return true;
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rewritten(expected: Value, before: Value, after: Value) -> Option<Value> {
        let mut expected = expected;
        rewrite(&mut expected, &before, &after).then_some(expected)
    }

    #[test]
    fn only_what_reads_as_before_is_rewritten() {
        let (before, after) = (json!({"a": 1, "b": [1, 2]}), json!({"a": 2, "b": [1, 3]}));
        let both = rewritten(before.clone(), before.clone(), after.clone());
        assert_eq!(both, Some(after.clone()));
        let corrupted = json!({"a": 7, "b": [9, 2]});
        assert_eq!(rewritten(corrupted, before.clone(), after.clone()), Some(json!({"a": 7, "b": [9, 3]})));
        assert_eq!(rewritten(after.clone(), before, after), None);
    }

    #[test]
    fn a_list_that_grows_or_shrinks_is_rewritten_as_a_whole() {
        let (before, after) = (json!(["a", "b"]), json!(["a,b"]));
        assert_eq!(rewritten(before.clone(), before.clone(), after.clone()), Some(after.clone()));
        assert_eq!(rewritten(json!(["a", "x"]), before, after), None);
    }

    #[test]
    fn an_outcome_that_changes_its_shape_is_rewritten_as_a_whole() {
        let (before, after) = (json!({"outcome": "stuck", "a": 1}), json!({"outcome": "refused"}));
        assert_eq!(rewritten(before.clone(), before.clone(), after.clone()), Some(after.clone()));
        assert_eq!(rewritten(json!({"outcome": "stuck", "a": 2}), before, after), None);
    }
}
