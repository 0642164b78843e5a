use crate::support::{Place, flow, sound};

#[test]
fn a_sound_flow_can_run() {
    let place = Place::new();
    place.file("flow.json", sound());
    let ended = place.run(&["check", "flow.json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.out, "flow.json can run: 2 nodes, 1 edge, no warnings\n");
}

#[test]
fn standard_input_is_read_for_a_dash() {
    let ended = Place::new().run_with_input(&["check", "-"], sound());
    assert_eq!(ended.out, "<stdin> can run: 2 nodes, 1 edge, no warnings\n");
}

#[test]
fn errors_and_warnings_are_drawn_with_their_place() {
    let place = Place::new();
    let nodes = [
        ("1", "scan", ""),
        ("2", "slak", ""),
        ("3", "email", r#", "email": "a@b.example", "subject": "s", "start_if": true"#),
    ];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("1", "3")]));
    let ended = place.run(&["check", "flow.json"]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.starts_with("flow.json is refused: 3 nodes, 2 edges, 1 error"), "{}", ended.out);
    insta::assert_snapshot!(ended.err);
}

#[test]
fn all_errors_are_drawn_in_the_order_of_the_file_and_no_guesses_at_what_was_meant_to_be_linked() {
    let place = Place::new();
    place.file(
        "flow.json",
        flow(&[("1", "scan", ""), ("2", "slak", "")], &[("1", "2"), ("1", "9"), ("1", "2")]),
    );
    let ended = place.run(&["check", "flow.json"]);
    assert_eq!(ended.code, 3);
    assert!(ended.out.starts_with("flow.json is refused: 2 nodes, 3 edges, 2 errors"), "{}", ended.out);
    let at = |text: &str| ended.err.find(text).unwrap_or_else(|| panic!("no `{text}` in {}", ended.err));
    assert!(at("plan.unknown-task-type") < at("plan.dangling-edge"));
    assert!(at("node `1` leads to `9`, which this flow does not define") > at("plan.dangling-edge"));
    assert!(!ended.err.contains("plan.fan-out"), "{}", ended.err);
}

#[test]
fn json_holds_every_finding_with_code_and_place() {
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "scan", ""), ("2", "slak", "")], &[("1", "2")]));
    let ended = place.run(&["check", "flow.json", "--json"]);
    assert_eq!((ended.code, ended.err.as_str()), (3, ""));
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["version"], &report["ok"]), (&1.into(), &false.into()));
    assert_eq!(report["size"], serde_json::json!({"nodes": 2, "edges": 1}));
    let finding = &report["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["code"], "plan.unknown-task-type");
    assert_eq!(finding["pointer"], "/nodes/1/data/task_type");
    assert_eq!((&finding["line"], &finding["column"]), (&4.into(), &50.into()));
}

#[test]
fn warnings_alone_do_not_refuse() {
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "scan", ""), ("2", "scan", "")], &[]));
    let ended = place.run(&["check", "flow.json"]);
    assert_eq!(ended.code, 0);
    assert!(ended.err.contains("plan.unlinked") && !ended.err.contains("plan.roots"), "{}", ended.err);
}

#[test]
fn what_the_original_does_otherwise_is_told_on_demand_only() {
    let place = Place::new();
    let nodes = [("1", "scan", ""), ("2", "scan", ""), ("3", "scan", "")];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("1", "3")]));
    let plain = place.run(&["check", "flow.json"]);
    assert_eq!((plain.code, plain.err.as_str()), (0, ""));
    let compat = place.run(&["check", "flow.json", "--compat"]);
    assert_eq!(compat.code, 0);
    assert!(compat.err.contains("plan.fan-out") && compat.err.contains("public original"), "{}", compat.err);
}

/// A flow can have as many warnings as nodes; a screen cannot.
#[test]
fn of_many_warnings_some_are_shown_and_the_rest_is_counted() {
    let names: Vec<String> = (0..1_500).map(|number| number.to_string()).collect();
    let nodes: Vec<(&str, &str, &str)> = names.iter().map(|name| (&**name, "scan", "")).collect();
    let ended = Place::new().run_with_input(&["check", "-"], flow(&nodes, &[]));
    assert_eq!(ended.code, 0);
    assert_eq!(ended.err.matches("plan.unlinked").count(), 20);
    assert!(
        ended.err.contains("and 1480 more; `flowrun check --json`"),
        "{}",
        &ended.err[ended.err.len() - 200..]
    );
    assert!(ended.out.ends_with("1500 nodes, no edges, 1500 warnings\n"), "{}", ended.out);
}

#[test]
fn the_data_keys_are_listed_for_people_and_for_programs() {
    let place = Place::new();
    let shown = place.run(&["keys"]);
    assert_eq!((shown.code, shown.out.lines().count()), (0, 63));
    assert!(
        shown
            .out
            .lines()
            .any(|line| line.starts_with("health ") && line.ends_with("number  scan, test: score"))
    );
    let json: serde_json::Value = serde_json::from_str(&place.run(&["keys", "--json"]).out).unwrap();
    let keys = json["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 63);
    let health = keys.iter().find(|key| key["key"] == "health").unwrap();
    let expected =
        serde_json::json!({"key": "health", "kind": "number", "objects": ["scan", "test"], "reads": "score"});
    assert_eq!(*health, expected);
}

#[test]
fn the_schema_is_json() {
    let ended = Place::new().run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &schema["properties"]["nodes"]["type"]), (0, &"array".into()));
}

#[test]
fn a_documented_type_that_this_program_cannot_do_is_refused() {
    let ended = Place::new().run_with_input(&["check", "-"], flow(&[("1", "case", "")], &[]));
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("plan.unknown-task-type") && ended.err.contains("`case`"), "{}", ended.err);
}
