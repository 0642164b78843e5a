use crate::support::{Place, flow, sound};

#[test]
fn every_end_is_listed_with_a_script_that_simulate_takes_there() {
    let place = Place::new();
    place.file("flow.json", sound());
    let listed = place.run(&["outcomes", "flow.json", "--json"]);
    assert_eq!((listed.code, &*listed.err), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(report["exhaustive"], true);
    let ends = report["ends"].as_array().unwrap();
    assert_eq!(ends.len(), 3, "all pass, the message fails, the scan fails");
    for end in ends {
        place.file("script.json", end["script"].to_string());
        let played = place.run(&["simulate", "flow.json", "--script", "script.json", "--json"]);
        let played: serde_json::Value = serde_json::from_str(&played.out).unwrap();
        assert_eq!(played["run"]["status"], end["status"]);
        for node in played["run"]["nodes"].as_array().unwrap() {
            assert_eq!(node["data"]["status"], end["nodes"][node["id"].as_str().unwrap()]);
        }
    }
}

#[test]
fn ends_are_told_to_people() {
    let ended = Place::new().run_with_input(&["outcomes", "-"], sound());
    insta::assert_snapshot!(ended.out, @r#"
    1. run passed: 2 passed (nodes 1, 2)
       {}
    2. run failed: 1 failed (node 1), 1 queued (node 2)
       {"nodes":{"1":{"end":"failed"}}}
    3. run failed: 1 failed (node 2), 1 passed (node 1)
       {"nodes":{"2":{"end":"failed"}}}
    3 ways to end, and no others
    "#);
}

#[test]
fn a_script_is_printed_whole_however_long_it_is() {
    let place = Place::new();
    let conditions =
        ["health", "seo", "performance", "accessibility", "images_score", "logs_score", "security_average"]
            .map(|key| {
                format!(r#"{{"joiner": "and", "data_type": "{key}", "operator": "==", "value": "17"}}"#)
            });
    let conditions = format!(r#", "conditions": [{}]"#, conditions.join(", "));
    let nodes = [("1", "scan", &*conditions), ("2", "scan", r#", "start_if": true"#), ("3", "slack", "")];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("2", "3")]));
    let told = place.run(&["outcomes", "flow.json"]).out;
    let longest = told.lines().filter(|line| line.starts_with("   ")).max_by_key(|line| line.len()).unwrap();
    // Names are cut after 200 characters.
    assert!(longest.len() > 205, "{told}");
    let number = told.lines().position(|line| line == longest).unwrap();
    let end = told.lines().nth(number - 1).unwrap();
    place.file("script.json", longest);
    let played = place.run(&["simulate", "flow.json", "--script", "script.json"]);
    assert_eq!(played.code, i32::from(end.contains("run failed")), "{end}\n{}", played.out);
}

#[test]
fn the_ends_of_a_flow_are_a_suite_that_reaches_all_of_it() {
    let place = Place::new();
    let nodes = [
        (
            "1",
            "scan",
            r#", "conditions": [{"joiner": "", "data_type": "health", "operator": ">=", "value": 80}]"#,
        ),
        ("2", "email", r#", "start_if": true"#),
        ("3", "slack", r#", "start_if": false"#),
    ];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("1", "3")]));
    let made = place.run(&["outcomes", "flow.json", "--cases", "suite"]);
    assert_eq!((made.code, &*made.err), (0, ""));
    let args = ["simulate", "--suite", "suite", "--coverage", "--min", "100", "--junit", "junit.xml"];
    let ended = place.run(&args);
    assert_eq!((ended.code, &*ended.err), (0, ""), "{}", ended.out);
    assert!(
        ended.out.ends_with("condition results   2 of 2\nreached             100.0 %\n"),
        "{}",
        ended.out
    );
    let junit = std::fs::read_to_string(place.path().join("junit.xml")).unwrap();
    assert!(junit.contains("failures=\"0\"") && junit.contains("name=\"end-01\""), "{junit}");
}

#[test]
fn what_a_suite_does_not_reach_is_named_and_has_an_exit_code() {
    let place = Place::new();
    place.file("flow.json", sound());
    std::fs::create_dir(place.path().join("suite")).unwrap();
    place.file(
        "suite/down.case.toml",
        "flow = '../flow.json'\nscript.nodes.1.end = 'failed'\nexpect.status = 'failed'",
    );
    let ended = place.run(&["simulate", "--suite", "suite", "--min", "90"]);
    assert_eq!(ended.code, 7);
    assert_eq!(ended.err, "33.3 % is reached, and 90 % is demanded\n");
    insta::assert_snapshot!(ended.out, @r"
    passed  down
    1 of 1 cases passed
    nodes               1 of 2
    edges               0 of 1
    condition results   0 of 0
    reached             33.3 %
      not reached: node 2
      not reached: edge 1 -> 2
    ");
    let json = place.run(&["simulate", "--suite", "suite", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (json.code, &report["ok"], &report["report"]["coverage"]["nodes"]["reached"]),
        (0, &true.into(), &1.into())
    );
}

#[test]
fn a_case_that_ends_otherwise_fails_the_suite() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file(
        "up.case.toml",
        "flow = 'flow.json'\nexpect = { status = 'failed', nodes = { 2 = 'queued', 9 = 'passed' } }",
    );
    let ended = place.run(&["simulate", "--suite", ".", "--junit", "junit.xml"]);
    assert_eq!(ended.code, 1);
    let why = "the run is passed, not failed; node `2` is passed, not queued; \
               the case speaks of node `9`, which this flow does not define";
    assert!(ended.out.contains(&format!("failed  up: {why}\n0 of 1 cases passed\n")), "{}", ended.out);
}

#[test]
fn ends_reach_a_result_of_conditions_that_starts_nothing() {
    let place = Place::new();
    let condition =
        r#", "conditions": [{"joiner": "", "data_type": "health", "operator": "<", "value": 50}]"#;
    let nodes = [("1", "scan", condition), ("2", "slack", r#", "start_if": true"#)];
    place.file("flow.json", flow(&nodes, &[("1", "2")]));
    assert_eq!(place.run(&["outcomes", "flow.json", "--cases", "suite"]).code, 0);
    let ended = place.run(&["simulate", "--suite", "suite", "--min", "100"]);
    assert_eq!((ended.code, &*ended.err), (0, ""), "{}", ended.out);
}

#[test]
fn each_case_may_have_task_types_of_its_own() {
    let place = Place::new();
    place.file("flow.json", flow(&[("1", "audit", "")], &[]));
    place.file("a.case.toml", "flow = 'flow.json'\nexpect.status = 'passed'");
    let own = "flow = 'flow.json'\nexpect.status = 'passed'\nscript.run.own_types.audit = 'producer'";
    place.file("b.case.toml", own);
    let ended = place.run(&["simulate", "--suite", "."]);
    assert!(ended.out.starts_with("failed  a: the flow is refused"), "{}", ended.out);
    assert!(ended.out.ends_with("passed  b\n1 of 2 cases passed\n"), "{}", ended.out);
}

#[test]
fn suites_that_cannot_be_read_say_which_file_and_where() {
    let place = Place::new();
    let run = || place.run(&["simulate", "--suite", "."]);
    let empty = run();
    assert_eq!(empty.code, 4);
    assert!(empty.err.contains("holds no case"), "{}", empty.err);
    place.file("a.case.toml", "flow = 'flow.json'\nexpect.status = 'won'");
    let malformed = run();
    assert_eq!(malformed.code, 2);
    assert!(malformed.err.contains("a.case.toml`: line 2, column"), "{}", malformed.err);
    place.file("a.case.toml", "flow = 'f'\nscript_file = 's'\nscript.seed = 1\nexpect.status = 'passed'");
    let two = run();
    assert_eq!(two.code, 2);
    assert!(two.err.contains("a.case.toml` has both `script` and `script_file`"), "{}", two.err);
    place.file("a.case.toml", "flow = 'flow.json'\nexpect.status = 'passed'");
    let missing = run();
    assert_eq!(missing.code, 4);
    assert!(missing.err.contains("flow.json"), "{}", missing.err);
}
