//! What holds for all templates and all values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NoSecrets, Place, render, secret_and_key_names};
use crate::Facts;

const PLACES: [Place; 6] = [Place::Plain, Place::Json, Place::Header, Place::Url, Place::Html, Place::Slack];

fn any_place() -> impl Strategy<Value = Place> {
    prop::sample::select(PLACES.to_vec())
}

/// A JSON value in which the member `v` of an own kind stands, whole or inside of texts.
fn any_template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("{{v}}".to_owned()),
        (".{0,6}", ".{0,6}").prop_map(|(before, after)| {
            let text = json!(format!("{before}\u{1}{after}")).to_string();
            text.replace("\\u0001", "{{v}}")
        }),
        any::<i32>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(("[a-z]{0,3}", inner), 0..3).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!(" \"{key}\" : {value} ")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}|[\"\\\\{}:,\\[\\]\n\r\u{0}]{0,12}".prop_map(Value::from),
    ]
}

/// The same tree, were every scalar the same.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), shape(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

proptest! {
    #[test]
    fn a_text_without_keys_is_itself(text in "[^{]{0,40}", place in any_place()) {
        prop_assert_eq!(render(&text, place, None, &NoSecrets).unwrap().text, text);
    }

    #[test]
    fn anything_is_rendered(template in "[a{}\"\\\\:/ v]{0,24}", place in any_place(), value in any_scalar()) {
        let facts = Facts::new(json!({"type": "own", "v": value}));
        let rendered = render(&template, place, Some(&facts), &NoSecrets).unwrap();
        prop_assert!(rendered.secrets.is_empty());
        // Four braces are the written form of two, and all that is read as something else than itself.
        if !template.contains("{{{{") && secret_and_key_names(&template).all(|name| name != "v") {
            prop_assert_eq!(rendered.text, template);
        }
    }

    #[test]
    fn no_value_changes_the_structure_of_json(template in any_template(), value in any_scalar()) {
        let with = |value: Value| {
            let facts = Facts::new(json!({"type": "own", "v": value}));
            render(&template, Place::Json, Some(&facts), &NoSecrets).unwrap().text
        };
        let plain: Value = serde_json::from_str(&with(0.into())).unwrap();
        let rendered: Value = serde_json::from_str(&with(value)).unwrap();
        prop_assert_eq!(shape(&plain), shape(&rendered));
    }
}
