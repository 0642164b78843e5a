//! Doing nodes of a run that is over once more.

use super::{Play, transcript};

#[test]
fn what_failed_is_done_once_more_with_all_below_it() {
    let mut play = Play::going_on("scan a -> scan b -> scan d, scan c -> d, c -> scan e");
    play.play("0 start; 1 fail a permanent broken; 1 ok c; 2 ok b; 2 ok e; 3 ok d");
    insta::assert_snapshot!(play.play("9 rerun; 10 ok a#1; 10 ok a#2.1; 11 ok b#2.1; 12 ok d#2.1"), @"
    9 rerun
      + once more: a, b, d
      + started a#2.1
      > start a#2.1
    10 ok a#1
      + late a#1
    10 ok a#2.1
      + passed a#2.1
      + started b#2.1
      > start b#2.1
    11 ok b#2.1
      + passed b#2.1
      + started d#2.1
      > start d#2.1
    12 ok d#2.1
      + passed d#2.1
      + run passed, closing line at d
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: broken
    a: starting job ID: a | job type is [ SCAN ]
    c: starting job ID: c | job type is [ SCAN ]
    b: starting job ID: b | job type is [ SCAN ]
    b: starting job ID: b | job type is [ SCAN ]
    e: starting job ID: e | job type is [ SCAN ]
    d: starting job ID: d | job type is [ SCAN ]
    d: flowrun completed with status: ❌ FAILED
    d: starting job ID: d | job type is [ SCAN ]
    d: flowrun completed with status: ✅ PASSED
    ");
}

#[test]
fn what_never_had_its_turn_gets_it_too() {
    let drawing = "scan a, probe b {score >= 80} -> scan yes [true], b -> scan no [false], scan c -> scan d";
    let mut play = Play::new(drawing);
    play.play(r#"0 start; 1 fail a; 2 object b o passed {"type":"probe","score":90}; 2 done b; 3 ok c"#);
    insta::assert_snapshot!(play.play("9 rerun; 10 ok a#2.1; 11 ok yes; 12 ok d"), @"
    9 rerun
      + judged b/0: true
      + once more: a, yes, no, d
      + started a#2.1
      + started yes#1
      + skipped no
      + started d#1
      > start a#2.1
      > start yes#1
      > start d#1
    10 ok a#2.1
      + passed a#2.1
    11 ok yes
      + passed yes#1
    12 ok d
      + passed d#1
      + run passed, closing line at d
      > end
    ");
}

#[test]
fn a_node_that_passed_can_be_done_once_more() {
    let mut play = Play::new("scan a -> slack b, a -> scan c");
    play.play("0 start; 1 object a o passed; 1 done a; 2 ok b; 3 ok c");
    insta::assert_snapshot!(play.play("9 rerun b; 10 ok b#2.1"), @"
    9 rerun b
      + once more: b
      + started b#2.1
      > start b#2.1
    10 ok b#2.1
      + passed b#2.1
      + run passed, closing line at b
      > end
    ");
    assert_eq!(play.handed("b", 1), ["o"]);
    insta::assert_snapshot!(play.entries("b"), @r#"{"parent":"p","id":"o","source_id":"o","track_id":"o","status":"working"}"#);
}

#[test]
fn a_cancelled_run_goes_on_where_it_was() {
    insta::assert_snapshot!(
        transcript("scan a -> scan b -> scan c", "0 start; 1 ok a; 2 cancel; 3 stopped b; 9 rerun; 10 ok b#2.1; 11 ok c"),
        @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + started b#1
      > start b#1
    2 cancel
      + cancel requested
      > stop b#1
    3 stopped b
      + line b: cancelled
      + failed b#1
      + run cancelled, closing line at b
      > end
    9 rerun
      + once more: b, c
      + started b#2.1
      > start b#2.1
    10 ok b#2.1
      + passed b#2.1
      + started c#1
      > start c#1
    11 ok c
      + passed c#1
      + run passed, closing line at c
      > end
    "
    );
}

#[test]
fn a_run_can_be_done_a_third_time() {
    let mut play = Play::new("scan a -> scan b");
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 rerun; 3 fail a#2.1; 4 rerun; 5 ok a#3.1; 6 ok b; 7 rerun; 7 rerun a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a
      + failed a#1
      + run failed, closing line at a
      > end
    2 rerun
      + once more: a, b
      + started a#2.1
      > start a#2.1
    3 fail a#2.1
      + failed a#2.1
      + run failed, closing line at a
      > end
    4 rerun
      + once more: a, b
      + started a#3.1
      > start a#3.1
    5 ok a#3.1
      + passed a#3.1
      + started b#1
      > start b#1
    6 ok b
      + passed b#1
      + run passed, closing line at b
      > end
    7 rerun
      ! no node of the run failed or was left undone
    7 rerun a
      + once more: a, b
      + started a#4.1
      > start a#4.1
    ");
}

#[test]
fn only_a_run_that_is_over_is_done_once_more() {
    insta::assert_snapshot!(transcript("scan a", "0 rerun; 0 start; 1 rerun; 2 ok a; 3 rerun"), @"
    0 rerun
      ! the run has not started
    0 start
      + run started
      + started a#1
      > start a#1
    1 rerun
      ! the run is not over yet
    2 ok a
      + passed a#1
      + run passed, closing line at a
      > end
    3 rerun
      ! no node of the run failed or was left undone
    ");
}

#[test]
fn of_a_receiver_only_the_objects_that_failed_are_done_once_more() {
    let drawing = "scan a -> slack b {score >= 80}, b -> scan c [true]";
    let mut play = Play::new(drawing);
    play.play("0 start; 1 object a x passed; 1 object a y passed; 1 object a z passed; 2 ok a");
    play.play("3 object b x passed; 3 object b y failed; 3 object b z passed; 4 done b");
    insta::assert_snapshot!(play.play("5 rerun objects"), @r"
    5 rerun objects
      + once more: b, c; kept: b
      + started b#2.1
      > start b#2.1
    ");
    assert_eq!(play.handed("b", 1), ["y"], "the others are recorded as sent");
    assert_eq!(play.run.to_json(), play.replayed().to_json());
    insta::assert_snapshot!(play.play("6 object b#2.1 y passed; 7 done b#2.1"), @r"
    6 object b#2.1 y passed
      + objects b: y passed
    7 done b#2.1
      + judged b/0: false, with a warning
      + judged b/1: false, with a warning
      + judged b/2: false, with a warning
      + passed b#2.1
      + skipped c
      + run passed, closing line at b
      > end
    ");
    assert_eq!(play.entries("b").lines().count(), 3);
    assert_eq!(play.run.to_json(), play.replayed().to_json());
}

#[test]
fn a_receiver_that_is_handed_its_objects_anew_keeps_none() {
    let mut play = Play::of(super::draw::plan("scan a -> slack b"), super::play::going_on());
    play.play("0 start; 1 object a x passed; 1 object a y failed; 2 done a; 3 object b x passed; 3 object b y failed; 4 done b");
    insta::assert_snapshot!(play.play("5 rerun objects"), @r"
    5 rerun objects
      + once more: a, b
      + started a#2.1
      > start a#2.1
    ");
}

/// Whoever hands everything over again would send twice what is recorded as sent.
#[test]
fn a_rerun_of_what_failed_hands_everything_over_again() {
    let mut play = Play::new("scan a -> slack b");
    play.play("0 start; 1 object a x passed; 1 object a y passed; 2 ok a");
    play.play("3 object b x passed; 3 object b y failed; 4 done b; 5 rerun");
    assert_eq!(play.handed("b", 1), ["x", "y"]);
}
