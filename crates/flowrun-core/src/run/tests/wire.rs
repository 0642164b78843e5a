//! The run as the wire shows it: edges, log, times, unknown keys.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Play;
use super::play::spec;
use crate::{Flow, Plan, TaskTypes};

fn wire(play: &Play) -> Value {
    serde_json::from_str(&play.run.to_json()).unwrap()
}

/// The ids of the edges that are animated.
fn animated(play: &Play) -> Vec<String> {
    let wire = wire(play);
    let edges = wire["edges"].as_array().unwrap();
    for edge in edges {
        let blue = serde_json::json!({"stroke": "#60a5fa"});
        assert_eq!(edge["style"], if edge["animated"] == true { blue } else { Value::Null });
    }
    let animated = edges.iter().filter(|edge| edge["animated"] == true);
    animated
        .map(|edge| format!("{}{}", edge["source"].as_str().unwrap(), edge["target"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_taken_edge_into_a_working_node_is_animated() {
    let drawing = "probe a {score >= 80} -> scan b [true] -> scan j, a -> scan c [false] -> j, scan d -> j";
    let mut play = Play::new(drawing);
    play.play(r#"0 start; 1 object a o passed {"type":"probe","score":90}; 1 ok d"#);
    assert!(animated(&play).is_empty());
    play.play("2 done a");
    assert_eq!(animated(&play), ["ab"]);
    play.play("3 ok b");
    assert_eq!(animated(&play), ["bj", "dj"], "the edge of the skipped node is dead");
    play.play("4 ok j");
    assert!(animated(&play).is_empty());
}

#[test]
fn lines_are_sorted_by_step_numbers_first_then_texts_by_their_first_start() {
    let mut play = Play::new("scan b -> scan 10 -> scan -9, b -> scan a");
    play.play("0 start; 1 log b one; 1 log b two, three; 2 ok b; 3 log a first; 4 log 10 x; 5 ok 10; 6 log b late; 7 ok a; 8 ok -9");
    insta::assert_snapshot!(play.log(), @"
    -9: starting job ID: -9 | job type is [ SCAN ]
    -9: flowrun completed with status: ✅ PASSED
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    10: starting job ID: 10 | job type is [ SCAN ]
    10: x
    b: starting job ID: b | job type is [ SCAN ]
    b: one
    b: two, three
    b: late
    a: starting job ID: a | job type is [ SCAN ]
    a: first
    ");
}

#[test]
fn the_closing_line_has_the_node_that_was_finalized_last() {
    let mut play = Play::new("scan 1 -> scan 2, 1 -> scan 3");
    play.play("0 start; 1 ok 1; 2 ok 3; 3 ok 2");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    1: starting job ID: 1 | job type is [ SCAN ]
    2: starting job ID: 2 | job type is [ SCAN ]
    2: flowrun completed with status: ✅ PASSED
    3: starting job ID: 3 | job type is [ SCAN ]
    ");
}

#[test]
fn times_and_statuses_are_those_of_the_events() {
    let mut play = Play::new("scan a -> scan b");
    play.play("1 start; 2 ok a");
    let run = play.run.to_flow_run();
    insta::assert_debug_snapshot!(run.nodes().map(|(_, progress)| progress.clone()).collect::<Vec<_>>(), @"
    [
        NodeProgress {
            status: Passed,
            finalized: true,
            time_started: Some(
                Timestamp(
                    1000000,
                ),
            ),
            time_completed: Some(
                Timestamp(
                    2000000,
                ),
            ),
            objects: [],
        },
        NodeProgress {
            status: Working,
            finalized: false,
            time_started: Some(
                Timestamp(
                    2000000,
                ),
            ),
            time_completed: None,
            objects: [],
        },
    ]
    ");
    play.play("3 fail b");
    let run = play.run.to_flow_run();
    assert_eq!(run.time_completed(), Some(super::play::second(3)));
    assert_eq!(run.status(), crate::RunStatus::Failed);
}

#[test]
fn unknown_keys_of_nodes_data_edges_and_configs_survive_a_run() {
    let text = r#"{"id":"f","title":"T","nodes":[
        {"id":"1","colour":{"a":[1e2]},"data":{"id":"1","task_type":"scan","status":"failed","mine":{"x":null}}},
        {"id":"2","data":{"id":"2","task_type":""}}],
        "edges":[{"id":"e","source":"1","target":"2","label":["\u00e9"],"animated":true,"style":{}}]}"#;
    let flow = Flow::from_json(text).unwrap();
    let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
    let configs = RawValue::from_string(r#"{"end_on_fail":true,"mine":1e2}"#.into()).unwrap();
    let mut play = Play::of(Arc::new(plan), spec().configs(configs));
    play.play("0 start; 1 ok 1");
    insta::assert_snapshot!(play.run.to_json().replace("},{", "},\n{"), @r#"
    {"id":"07070707-0707-0707-0707-070707070707","flow":"f","time_created":"1970-01-01T00:00:00Z","title":"T","nodes":[{"id":"1","colour":{"a":[1e2]},"data":{"id":"1","task_type":"scan","status":"passed","mine":{"x":null},"finalized":true,"time_started":"1970-01-01 00:00:00.000000","time_completed":"1970-01-01 00:00:01.000000","objects":[]}},
    {"id":"2","data":{"id":"2","task_type":"","status":"queued","finalized":false,"time_started":null,"time_completed":null,"objects":[]}}],"edges":[{"id":"e","source":"1","target":"2","label":["\u00e9"],"animated":false,"style":null}],"status":"passed","time_completed":"1970-01-01T00:00:01Z","logs":[{"timestamp":"1970-01-01 00:00:00.000000","message":"system starting up for run_id: 07070707-0707-0707-0707-070707070707","step":"1"},
    {"timestamp":"1970-01-01 00:00:00.000000","message":"starting job ID: 1 | job type is [ SCAN ]","step":"1"},
    {"timestamp":"1970-01-01 00:00:01.000000","message":"flowrun completed with status: ✅ PASSED","step":"1"}],"site":"site","configs":{"end_on_fail":true,"mine":1e2}}
    "#);
}
