//! Conditions and templates against the recorded cases: all of them, found by listing the folders.

#![expect(clippy::unwrap_used, reason = "a test: a case that cannot be read must fail it")]

use std::collections::BTreeMap;
use std::path::Path;

use flowrun_core::{Conditions, Evaluation, Facts, Place, Rendered, Semantics, render};
use serde_json::Value;

/// The cases of one folder, in the order of their names.
fn cases(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {}", folder.display());
    files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

fn facts(case: &Value) -> Option<Facts> {
    Some(Facts::new(case["object"].clone())).filter(|facts| !facts.attributes().is_null())
}

fn evaluate(case: &Value) -> Evaluation {
    let conditions = Conditions::parse(&case["expressions"].to_string()).unwrap();
    // The recordings show what the original does: a listed difference is that signs mean what they say.
    conditions.evaluate_as(Semantics::V1, facts(case).as_ref())
}

/// `None` for a case without a text.
fn fill_in(case: &Value) -> Option<Rendered> {
    let secrets: BTreeMap<String, String> = case["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| {
            [&secret["name"], &secret["value"]].map(|part| part.as_str().unwrap().to_owned()).into()
        })
        .collect();
    Some(render(case["text"].as_str()?, Place::Plain, facts(case).as_ref(), &secrets).unwrap())
}

fn is_requirement(case: &Value) -> bool {
    case.get("reference_defect").is_none()
}

#[test]
fn conditions_give_the_recorded_results() {
    for case in cases("conditions").iter().filter(|case| is_requirement(case)) {
        let expected = case["expected"].get("result").and_then(Value::as_bool);
        if let Some(expected) = expected {
            assert_eq!(evaluate(case).holds, expected, "{}: {:?}", case["name"], evaluate(case));
        }
    }
}

/// Where the reference raised, a comparison cannot be made and says so, unless the design gives the case a
/// meaning.
#[test]
fn what_the_reference_cannot_evaluate_is_warned_of() {
    for case in cases("conditions").iter().filter(|case| case["expected"].get("error").is_some()) {
        let evaluation = evaluate(case);
        assert_ne!(
            evaluation.warnings().next().is_some(),
            has_a_meaning(case),
            "{}: {evaluation:?}",
            case["name"]
        );
    }
}

/// A joiner the reference cannot read, a quote in a text, null for a container of scores.
fn has_a_meaning(case: &Value) -> bool {
    let expressions = case["expressions"].as_array().unwrap();
    let is_odd = |(index, expression): (usize, &Value)| {
        let joiner = expression["joiner"].as_str().unwrap_or("null");
        let expected: &[&str] = if index == 0 { &[""] } else { &["and", "or"] };
        !expected.contains(&joiner)
    };
    let has_quote =
        |expression: &Value| expression["value"].as_str().is_some_and(|value| value.contains('\''));
    expressions.iter().enumerate().any(is_odd)
        || expressions.iter().any(has_quote)
        || case["object"].get("component_scores").is_some_and(Value::is_null)
}

#[test]
fn templates_give_the_recorded_outputs() {
    for case in cases("templates").iter().filter(|case| is_requirement(case)) {
        if let Some(expected) = case["expected"].get("output").and_then(Value::as_str) {
            assert_eq!(fill_in(case).unwrap().text, expected, "{}", case["name"]);
        }
    }
}

#[test]
fn a_template_the_reference_cannot_fill_in_stays_as_typed() {
    for case in cases("templates").iter().filter(|case| case["expected"].get("error").is_some()) {
        let Some(rendered) = fill_in(case) else { continue };
        assert_eq!(rendered.text, case["text"].as_str().unwrap(), "{}", case["name"]);
        assert!(!rendered.warnings.is_empty(), "{}", case["name"]);
    }
}
