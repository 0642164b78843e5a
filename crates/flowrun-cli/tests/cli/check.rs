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
    assert!(ended.err.contains("plan.roots"), "{}", ended.err);
}

#[test]
fn a_documented_type_that_this_program_cannot_do_is_refused() {
    let ended = Place::new().run_with_input(&["check", "-"], flow(&[("1", "case", "")], &[]));
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("plan.unknown-task-type") && ended.err.contains("`case`"), "{}", ended.err);
}
