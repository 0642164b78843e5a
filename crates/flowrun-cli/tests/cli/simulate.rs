use crate::support::{Place, flow, sound};

#[test]
fn everything_passes_without_a_script() {
    let place = Place::new();
    place.file("flow.json", sound());
    let ended = place.run(&["simulate", "flow.json"]);
    assert_eq!((ended.code, &*ended.err), (0, ""));
    insta::assert_snapshot!(ended.out, @r"
              0s  run started
              0s  1: attempt 1 started
              0s  1: objects: scan-1-1 working
              0s  1: objects: scan-1-1 passed
              0s  1: passed
              0s  2: attempt 1 started
              0s  2: objects: scan-1-1 passed
              0s  2: passed
              0s  run passed

    node  task   status  objects   time
    1     scan   passed  1 passed  0 ms
    2     slack  passed  1 passed  0 ms
    run 73637269-7074-6564-0000-000000000000 passed in 0 ms
    ");
}

#[test]
fn a_script_decides_what_happens_and_when() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file(
        "script.toml",
        "types.scan.after = '30d'\nnodes.2 = { end = 'failed', message = 'channel_not_found' }",
    );
    let ended = place.run(&["simulate", "flow.json", "--script", "script.toml", "--json"]);
    assert_eq!((ended.code, &*ended.err), (1, ""));
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["version"], &report["run"]["status"]), (&1.into(), &"failed".into()));
    assert_eq!(report["elapsed_ms"], 30 * 86_400_000_u64);
    let line =
        serde_json::json!({"at_ms": 30 * 86_400_000_u64, "node": "2", "what": "log: channel_not_found"});
    assert!(report["timeline"].as_array().unwrap().contains(&line), "{}", ended.out);
}

#[test]
fn a_skipped_node_is_shown_as_skipped_with_the_comparison_that_decided() {
    let place = Place::new();
    let scan = r#", "conditions": [{"data_type": "health", "operator": ">", "value": 80}]"#;
    let nodes = [
        ("1", "scan", scan),
        ("2", "slack", r#", "start_if": true, "message": "good""#),
        ("3", "slack", r#", "start_if": false, "message": "bad""#),
    ];
    place.file("flow.json", flow(&nodes, &[("1", "2"), ("1", "3")]));
    place.file("script.toml", "[types.scan]\nobjects = [{ facts = { score = 42 } }]\n");
    let why = "skipped: no object of node `1` went to true: health (42.0) > 80.0: false";
    let ended = place.run(&["simulate", "flow.json", "--script", "script.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains(&format!("2: {why}")), "{}", ended.out);
    let row = ended.out.lines().find(|line| line.starts_with("2     slack")).unwrap();
    assert!(row.starts_with("2     slack  skipped"), "{row}");
    assert!(!ended.out.contains("queued"), "{}", ended.out);
    // The wire keeps the word of the original.
    let json = place.run(&["simulate", "flow.json", "--script", "script.toml", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["run"]["nodes"][1]["data"]["status"], "queued");
}

#[test]
fn the_seed_decides_what_is_flaky() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file("script.json", r#"{"default": {"flaky": 0.5}}"#);
    let run = |seed: u32| {
        place.run(&["simulate", "flow.json", "--script", "script.json", "--seed", &seed.to_string()])
    };
    let codes: Vec<i32> = (0..16).map(|seed| run(seed).code).collect();
    assert!(codes.contains(&0) && codes.contains(&1), "{codes:?}");
    assert_eq!(run(3).out, run(3).out);
}

#[test]
fn a_mistake_in_a_script_is_drawn_with_its_place() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file("script.toml", "[nodes.2]\nend = 'failed'\nafter = 'soon'\n");
    let ended = place.run(&["simulate", "flow.json", "--script", "script.toml"]);
    assert_eq!((ended.code, &*ended.out), (2, ""));
    insta::assert_snapshot!(ended.err, @r"
    script.malformed

      × `soon` is no duration such as 250ms, 2s, 5m or 30d
       ╭─[script.toml:3:9]
     3 │ after = 'soon'
       ·         ──────
       ╰────
    ");
    place.file("script.toml", "[nodes.3]\nend = 'failed'\n");
    let ended = place.run(&["simulate", "flow.json", "--script", "script.toml"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("the script speaks of node `3`, which this flow does not define"),
        "{}",
        ended.err
    );
}

#[test]
fn what_is_for_suites_is_refused_beside_a_flow() {
    let place = Place::new();
    place.file("flow.json", sound());
    for args in [&["--min", "90"][..], &["--coverage"], &["--junit", "report.xml"]] {
        let ended = place.run(&[&["simulate", "flow.json"], args].concat());
        assert_eq!((ended.code, &*ended.out), (2, ""), "{args:?}");
    }
}

#[test]
fn a_run_that_does_not_end_says_what_would_end_it() {
    let place = Place::new();
    place.file("flow.json", sound());
    place.file("script.toml", "nodes.1.end = 'hang'");
    let ended = place.run(&["simulate", "flow.json", "--script", "script.toml"]);
    assert_eq!(ended.code, 5);
    assert!(ended.err.contains("node `1` hangs; set `run_timeout`"), "{}", ended.err);
}
