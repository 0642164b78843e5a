//! What holds for all conditions, however odd.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Conditions;
use crate::Facts;
use crate::keys::data_keys;

/// Any JSON value, three levels deep.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An expression whose parts are typical more often than not.
fn any_expression() -> impl Strategy<Value = Value> {
    let keys: Vec<&'static str> = data_keys().collect();
    let key = prop_oneof![4 => prop::sample::select(keys).prop_map(Value::from), 1 => any_json()];
    let sign = prop::sample::select(vec![">=", "<=", "==", ">", "<", "!=", "=", ""]).prop_map(Value::from);
    let operator = prop_oneof![4 => sign, 1 => any_json()];
    let word = prop::sample::select(vec!["", "and", "or"]).prop_map(Value::from);
    let joiner = prop_oneof![4 => word, 1 => any_json()];
    (joiner, key, operator, any_json()).prop_map(|(joiner, key, operator, value)| {
        json!({"joiner": joiner, "data_type": key, "operator": operator, "value": value})
    })
}

fn any_facts() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["scan", "test", "caserun", "report", "issue", "flowrun", "own"]);
    let attribute = prop::sample::select(vec![
        "score",
        "status",
        "logs",
        "lighthouse",
        "component_scores",
        "images_delta",
        "post_scan",
        "page",
        "site",
        "affected",
        "id",
        "title",
    ]);
    (kind, prop::collection::vec((attribute, any_json()), 0..6)).prop_map(|(kind, members)| {
        let mut facts: Map<String, Value> = members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        facts.insert("type".to_owned(), kind.into());
        Value::Object(facts)
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(conditions in any_json(), facts in any_json()) {
        if let Ok(conditions) = Conditions::parse(&conditions.to_string()) {
            let evaluation = conditions.evaluate(Some(&Facts::new(facts)));
            prop_assert_eq!(evaluation.comparisons.len(), conditions.len());
        }
    }

    #[test]
    fn every_comparison_has_an_answer(
        expressions in prop::collection::vec(any_expression(), 0..6),
        facts in any_facts(),
    ) {
        let conditions = Conditions::parse(&Value::from(expressions).to_string()).unwrap();
        let evaluation = conditions.evaluate(Some(&Facts::new(facts)));
        prop_assert_eq!(evaluation.comparisons.len(), conditions.len());
        let recorded = serde_json::to_string(&evaluation).unwrap();
        prop_assert!(serde_json::from_str::<super::Evaluation>(&recorded).is_ok());
    }

    #[test]
    fn and_binds_tighter_than_or(terms in prop::collection::vec((any::<bool>(), any::<bool>()), 1..9)) {
        let expressions: Vec<_> = terms
            .iter()
            .map(|(or, holds)| {
                let joiner = if *or { "or" } else { "and" };
                let value = if *holds { 0 } else { 1 };
                json!({"joiner": joiner, "data_type": "health", "operator": "==", "value": value})
            })
            .collect();
        let groups = terms.iter().enumerate().fold(Vec::new(), |mut groups: Vec<bool>, (index, (or, holds))| {
            match groups.last_mut() {
                Some(group) if !(*or && index > 0) => *group &= holds,
                _ => groups.push(*holds),
            }
            groups
        });
        let conditions = Conditions::parse(&Value::from(expressions).to_string()).unwrap();
        let facts = Facts::new(json!({"type": "scan", "score": 0}));
        prop_assert_eq!(conditions.evaluate(Some(&facts)).holds, groups.contains(&true));
    }
}
