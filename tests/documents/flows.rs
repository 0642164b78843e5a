//! The reference of the flow file says what the code reads.

use std::fmt::Write as _;
use std::fs;

use flowrun::{
    DataKey, Flow, NODE_KEYS, NODE_SETTINGS, ORIGINAL_SETTINGS, Plan, TaskTypes, documented_keys, flow_schema,
};
use serde_json::Value;

use crate::{read, root};

const DOCUMENT: &str = "docs/flows.md";

/// The tables of the document, by name, as the code has them.
fn tables() -> [(&'static str, String); 4] {
    let mut keys =
        "| Key | Task types | Value | Default | What it is |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for key in NODE_KEYS {
        let template = if key.is_template { ", template" } else { "" };
        let types = key.task_types.join(", ");
        writeln!(
            keys,
            "| `{}` | {types} | {}{template} | {} | {} |",
            key.key, key.value, key.default, key.about
        )
        .unwrap();
    }
    let mut settings = "| Key | Task types | Default | What it is |\n| --- | --- | --- | --- |\n".to_owned();
    for one in NODE_SETTINGS {
        writeln!(settings, "| `{}` | {} | {} | {} |", one.key, one.task_types, one.default, one.about)
            .unwrap();
    }
    let mut original = "| Key of the original | Default |\n| --- | --- |\n".to_owned();
    for (key, default) in ORIGINAL_SETTINGS {
        writeln!(original, "| `{key}` | `{default}` |").unwrap();
    }
    let mut data = "| Object | Numbers | Texts |\n| --- | --- | --- |\n".to_owned();
    for object in ["scan", "test", "caserun", "report", "issue", "flowrun"] {
        let of = |kind: &str| {
            let is_there =
                |key: &&DataKey| key.kind() == kind && key.object_types().any(|known| known == object);
            let names = documented_keys().iter().filter(is_there).map(|key| format!("`{}`", key.name()));
            let names = names.collect::<Vec<_>>().join(" ");
            if names.is_empty() { "–".to_owned() } else { names }
        };
        writeln!(data, "| {object} | {} | {} |", of("number"), of("text")).unwrap();
    }
    [("keys", keys), ("settings", settings), ("original", original), ("data keys", data)]
}

/// The document with the tables of the code.
fn expected() -> String {
    let mut document = read(DOCUMENT);
    for (name, table) in tables() {
        let begin = format!("<!-- table: {name} -->\n");
        let start = document.find(&begin).unwrap_or_else(|| panic!("no table `{name}`")) + begin.len();
        let end = start + document[start..].find("<!-- end -->").unwrap();
        document.replace_range(start..end, &table);
    }
    document
}

#[test]
fn the_tables_are_those_of_the_code() {
    assert!(
        expected() == read(DOCUMENT),
        "{DOCUMENT} is out of date: cargo test -p flowrun-tests --test documents write_the_tables -- --ignored"
    );
}

#[test]
#[ignore = "writes the document"]
fn write_the_tables() {
    fs::write(root().join(DOCUMENT), expected()).unwrap();
}

/// All 63 are there, each with the objects it is read on.
#[test]
fn every_data_key_is_in_the_document() {
    let document = read(DOCUMENT);
    assert_eq!(documented_keys().len(), 63);
    for key in documented_keys() {
        assert!(document.contains(&format!("`{}`", key.name())), "{}", key.name());
    }
}

fn example() -> String {
    let document = read(DOCUMENT);
    document.split("```json\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[test]
fn the_example_is_a_plan_without_warnings() {
    let plan = Plan::new(&Flow::from_json(example()).unwrap(), &TaskTypes::documented()).unwrap();
    assert_eq!(plan.warnings(), []);
    let types: std::collections::BTreeSet<&str> = plan.task_types().collect();
    assert!(types.len() >= 3, "{types:?}");
    let schema = jsonschema::validator_for(&flow_schema()).unwrap();
    assert!(schema.is_valid(&serde_json::from_str(&example()).unwrap()));
}

/// What a check lets through the schema lets through; what it finds wrong is wrong.
#[test]
fn the_schema_knows_every_recorded_flow() {
    let schema = jsonschema::validator_for(&flow_schema()).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for folder in ["tests/conformance/runs", "tests/derived-cases/runs"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let flow = serde_json::json!({"nodes": case["flow"]["nodes"], "edges": case["flow"]["edges"]});
            let is_planned = Flow::from_json(flow.to_string())
                .is_ok_and(|flow| Plan::new(&flow, &TaskTypes::documented()).is_ok());
            if is_planned {
                let problem = schema.validate(&flow).err().map(|error| error.to_string());
                assert_eq!(problem, None, "{}", path.display());
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(accepted > 100, "{accepted} recorded flows were looked at, {refused} are no plans");
}

#[test]
fn the_schema_refuses_what_cannot_be_read() {
    let schema = jsonschema::validator_for(&flow_schema()).unwrap();
    for bad in [
        r#"[]"#,
        r#"{}"#,
        r#"{"nodes": []}"#,
        r#"{"nodes": [{"id": 1}]}"#,
        r#"{"nodes": [{"id": "1", "data": {"task_type": 5}}]}"#,
        r#"{"nodes": [{"id": "1", "data": {"conditions": {}}}]}"#,
        r#"{"nodes": [{"id": "1", "data": {"conditions": [3]}}]}"#,
        r#"{"nodes": [{"id": "1", "data": {"maxNodes": "4"}}]}"#,
        r#"{"nodes": [{"id": "1"}], "edges": [{"source": "1"}]}"#,
    ] {
        assert!(!schema.is_valid(&serde_json::from_str(bad).unwrap()), "{bad}");
        let flow = Flow::from_json(bad);
        let is_planned = flow.is_ok_and(|flow| Plan::new(&flow, &TaskTypes::documented()).is_ok());
        assert!(!is_planned, "the check lets it through: {bad}");
    }
}
