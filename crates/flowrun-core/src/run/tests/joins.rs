//! Joins, dead paths and empty nodes.

use std::sync::Arc;

use super::play::spec;
use super::{Play, draw, transcript};
use crate::{Flow, NodeSpec, Plan};

#[test]
fn a_join_starts_once_after_all_its_parents() {
    let drawing = "scan a -> scan j, scan b -> j";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 ok b; 2 ok a; 3 ok j"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 ok b
      + passed b#1
    2 ok a
      + passed a#1
      + started j#1
      > start j#1
    3 ok j
      + passed j#1
      + run passed, closing line at j
      > end
    ");
}

#[test]
fn a_join_starts_when_one_edge_is_taken_and_the_others_are_dead() {
    let drawing = "probe a {score >= 80} -> scan b [true] -> scan j, a -> scan c [false] -> j";
    let script = r#"0 start; 1 object a o passed {"type":"probe","score":90}; 2 done a; 3 ok b"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed {"type":"probe","score":90}
      + objects a: o passed
    2 done a
      + judged a/0: true
      + passed a#1
      + started b#1
      + skipped c
      > start b#1
    3 ok b
      + passed b#1
      + started j#1
      > start j#1
    "#);
}

#[test]
fn a_node_whose_edges_are_all_dead_is_skipped_and_so_is_what_follows() {
    let drawing = "probe a {score >= 80} -> scan b [true] -> scan c -> scan d, b -> d";
    let script = r#"0 start; 1 object a o passed {"type":"probe","score":10}; 2 done a"#;
    let mut play = Play::new(drawing);
    insta::assert_snapshot!(play.play(script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed {"type":"probe","score":10}
      + objects a: o passed
    2 done a
      + judged a/0: false
      + passed a#1
      + skipped b
      + skipped c
      + skipped d
      + run passed, closing line at a
      > end
    "#);
    insta::assert_debug_snapshot!(play.statuses(), @"
    [
        Passed,
        Queued,
        Queued,
        Queued,
    ]
    ");
}

#[test]
fn the_edge_of_a_parent_that_failed_is_taken() {
    let mut play = Play::going_on("scan a -> scan j, scan b -> j");
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 ok b; 3 ok j"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a
      + failed a#1
    2 ok b
      + passed b#1
      + started j#1
      > start j#1
    3 ok j
      + passed j#1
      + run failed, closing line at j
      > end
    ");
}

#[test]
fn two_edges_between_the_same_nodes_start_the_child_once() {
    let drawing = "scan a -> slack b, a -> b";
    let mut play = Play::new(drawing);
    insta::assert_snapshot!(play.play("0 start; 1 object a o passed; 2 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed
      + objects a: o passed
    2 done a
      + passed a#1
      + started b#1
      > start b#1
    ");
    insta::assert_snapshot!(play.entries("b"), @r#"{"parent":"p","id":"o","source_id":"o","track_id":"o","status":"working"}"#);
}

#[test]
fn an_empty_node_ends_its_branch_and_stays_unfinalized_below_a_plain_node() {
    let mut play = Play::new("scan a -> empty e -> scan b");
    insta::assert_snapshot!(play.play("0 start; 1 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + reached e
      + skipped b
      + run passed, closing line at a
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: flowrun completed with status: ✅ PASSED
    ");
}

#[test]
fn an_empty_root_closes_the_run_as_passed_and_has_the_closing_line() {
    let mut play = Play::new("empty e -> scan b");
    insta::assert_snapshot!(play.play("0 start"), @"
    0 start
      + run started
      + reached e, finalized
      + skipped b
      + run passed, closing line at e
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    e: flowrun completed with status: ✅ PASSED
    ");
}

#[test]
fn an_empty_node_is_finalized_where_a_taken_edge_comes_from_conditions() {
    let drawing = "probe a {score >= 80} -> empty yes [true], a -> empty no [false]";
    let mut play = Play::new(drawing);
    let script = r#"0 start; 1 object a o passed {"type":"probe","score":90}; 2 done a"#;
    insta::assert_snapshot!(play.play(script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed {"type":"probe","score":90}
      + objects a: o passed
    2 done a
      + judged a/0: true
      + passed a#1
      + reached yes, finalized
      + skipped no
      + run passed, closing line at yes
      > end
    "#);
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ PROBE ]
    yes: flowrun completed with status: ✅ PASSED
    ");
}

#[test]
fn a_row_of_100_000_empty_nodes_is_passed_over_without_a_deep_stack() {
    let pass_over = || {
        let ids: Vec<String> = (0..100_000).map(|id| id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let nodes = ids.iter().fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(*id, "")));
        let plan = Plan::new(&nodes.chain(&ids).build().unwrap(), &draw::types()).unwrap();
        let mut play = Play::of(Arc::new(plan), spec());
        play.play("0 start").lines().count()
    };
    let small = std::thread::Builder::new().stack_size(256 * 1024).spawn(pass_over).unwrap();
    // The event, the start, each node, the end, and the order to end.
    assert_eq!(small.join().unwrap(), 100_000 + 4);
}
