//! Conditions: which object goes to which side.

use super::{Play, draw, play::spec, transcript};
use crate::Semantics;

/// A good and a bad object below conditions.
const BOTH: &str = r#"0 start
    ; 1 object a good passed {"type":"probe","score":90}
    ; 1 object a bad passed {"type":"probe","score":10}
    ; 2 done a"#;

#[test]
fn each_object_goes_to_its_own_side() {
    let mut play = Play::new("probe a {score >= 80} -> slack yes [true], a -> slack no [false]");
    play.play(BOTH);
    assert_eq!(play.handed("yes", 1), ["good"]);
    assert_eq!(play.handed("no", 1), ["bad"]);
}

/// Also when another process takes it up: the number stands in what the run is made of.
#[test]
fn a_run_goes_on_in_the_reading_it_began_with() {
    let drawing = "probe a {score > 50} -> slack yes [true], a -> slack no [false]";
    let (reports, end) = BOTH.rsplit_once(';').unwrap();
    let sides = |semantics| {
        let mut play = Play::of(draw::plan(drawing), spec().semantics(semantics));
        play.play(reports);
        play.run = play.replayed();
        play.play(end);
        ["yes", "no"].map(|id| play.entries(id).lines().count())
    };
    assert_eq!((sides(Semantics::V1), sides(Semantics::V2)), ([0, 2], [1, 1]));
}

#[test]
fn several_children_may_share_a_side_and_all_start() {
    let drawing = "probe a {score >= 80} -> slack x [true], a -> slack y [1], a -> slack z [0]";
    let mut play = Play::new(drawing);
    play.play(BOTH);
    for (node, object) in [("x", "good"), ("y", "good"), ("z", "bad")] {
        assert_eq!(play.handed(node, 1), [object], "{node}");
    }
}

#[test]
fn an_edge_without_a_share_is_dead() {
    let drawing = "probe a {score >= 80} -> slack yes [true], a -> slack no [false]";
    let script = r#"0 start; 1 object a good passed {"type":"probe","score":90}; 2 done a; 3 ok yes"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a good passed {"type":"probe","score":90}
      + objects a: good passed
    2 done a
      + judged a/0: true
      + passed a#1
      + started yes#1
      + skipped no
      > start yes#1
    3 ok yes
      + passed yes#1
      + run passed, closing line at yes
      > end
    "#);
}

#[test]
fn without_objects_every_edge_below_conditions_is_dead() {
    let drawing = "probe a {score >= 80} -> scan yes [true], a -> scan no [false]";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 done a
      + passed a#1
      + skipped yes
      + skipped no
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn start_if_null_below_conditions_makes_the_edge_dead() {
    let drawing = "probe a {score >= 80} -> slack yes [null], a -> slack also";
    let script = r#"0 start; 1 object a good passed {"type":"probe","score":90}; 2 done a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a good passed {"type":"probe","score":90}
      + objects a: good passed
    2 done a
      + judged a/0: true
      + passed a#1
      + skipped yes
      + skipped also
      + run passed, closing line at a
      > end
    "#);
}

#[test]
fn start_if_is_not_looked_at_without_conditions_above() {
    insta::assert_snapshot!(transcript("scan a -> scan b [false]", "0 start; 1 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 done a
      + passed a#1
      + started b#1
      > start b#1
    ");
}

#[test]
fn at_a_join_start_if_counts_for_the_parent_with_conditions_only() {
    let drawing = "probe a {score >= 80} -> scan j [false], scan b -> j";
    let script = r#"0 start; 1 object a good passed {"type":"probe","score":90}; 2 done a; 3 done b"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 object a good passed {"type":"probe","score":90}
      + objects a: good passed
    2 done a
      + judged a/0: true
      + passed a#1
    3 done b
      + passed b#1
      + started j#1
      > start j#1
    "#);
}

#[test]
fn an_incomplete_test_goes_to_neither_side() {
    let drawing = "test a {test_score >= 80} -> slack yes [true], a -> slack no [false]";
    let script = r#"0 start
        ; 1 object a t incomplete {"type":"test","status":"incomplete","score":90}
        ; 2 object a u incomplete
        ; 3 done a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a t incomplete {"type":"test","status":"incomplete","score":90}
      + objects a: t incomplete
    2 object a u incomplete
      + objects a: u incomplete
    3 done a
      + judged a/0: neither
      + judged a/1: neither
      + passed a#1
      + skipped yes
      + skipped no
      + run passed, closing line at a
      > end
    "#);
}

#[test]
fn only_a_test_can_be_incomplete_and_one_that_is_complete_goes_to_its_side() {
    for (kind, status) in [("test", "complete"), ("scan", "incomplete")] {
        let mut play =
            Play::new(&format!("{kind} a {{score >= 80}} -> slack yes [true], a -> slack no [false]"));
        play.play("0 start");
        let object = format!(r#"{{"type":"{kind}","status":"{status}","score":90}}"#);
        let transcript = play.play(&format!("1 object a o passed {object}; 2 done a"));
        assert!(!transcript.contains("judged a/0: neither"), "{transcript}");
    }
}

#[test]
fn a_comparison_that_cannot_be_made_is_false_with_a_warning_and_no_line() {
    let drawing = "scan a {logs >= 1} -> slack yes [true], a -> slack no [false]";
    let mut play = Play::new(drawing);
    let script =
        r#"0 start; 1 object a without-logs passed {"type":"scan"}; 2 object a unknown passed; 3 done a"#;
    insta::assert_snapshot!(play.play(script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a without-logs passed {"type":"scan"}
      + objects a: without-logs passed
    2 object a unknown passed
      + objects a: unknown passed
    3 done a
      + judged a/0: false, with a warning
      + judged a/1: false, with a warning
      + passed a#1
      + skipped yes
      + started no#1
      > start no#1
    "#);
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    no: starting job ID: no | job type is [ SLACK ]
    ");
}

#[test]
fn conditions_on_a_receiver_judge_the_objects_it_carries() {
    let drawing = "probe p -> slack a {score >= 80} -> email yes [true], a -> email no [false]";
    let script = r#"0 start; 1 object p o passed {"type":"probe","score":90}; 2 done p; 3 ok a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started p#1
      > start p#1
    1 object p o passed {"type":"probe","score":90}
      + objects p: o passed
    2 done p
      + passed p#1
      + started a#1
      > start a#1
    3 ok a
      + judged a/0: true
      + passed a#1
      + started yes#1
      + skipped no
      > start yes#1
    "#);
}

#[test]
fn conditions_on_a_root_receiver_judge_the_run_itself() {
    let drawing = "slack a {flow_title == Drawn} -> email yes [true], a -> email no [false]";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + judged a/0: true
      + passed a#1
      + started yes#1
      + skipped no
      > start yes#1
    ");
}

#[test]
fn a_producer_below_conditions_starts_by_share_and_is_handed_no_objects() {
    let mut play = Play::new("probe a {score >= 80} -> scan yes [true]");
    play.play(BOTH);
    assert!(play.handed("yes", 1).is_empty());
    assert!(play.entries("yes").is_empty());
    assert_eq!(play.resources("yes"), ["site"]);
}
