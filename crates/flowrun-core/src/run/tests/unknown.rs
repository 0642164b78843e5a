//! Attempts of which nobody knows how they ended, and the settings of a node.

use std::time::Duration;

use super::{Play, transcript};
use crate::{RetryPolicy, RunPolicy};

#[test]
fn a_node_says_how_often_and_after_which_wait_it_is_tried_again() {
    let drawing = "scan a (retries 2)(retry_wait 10)(retry_max_wait 15)";
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0));
    let script = "0 start; 1 fail a transient; 11 retry a#2; 12 fail a#2 transient; 27 retry a#3; 28 ok a#3";
    insta::assert_snapshot!(Play::with_policy(drawing, policy).play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient
      + transient: a#2 not before 11
      > timer retry a#2 at 11
    11 retry a#2
      + started a#2
      > start a#2
    12 fail a#2 transient
      + transient: a#3 not before 27
      > timer retry a#3 at 27
    27 retry a#3
      + started a#3
      > start a#3
    28 ok a#3
      + passed a#3, flaky
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn no_retries_of_a_node_win_over_those_of_the_run() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().max_attempts(5));
    insta::assert_snapshot!(Play::with_policy("scan a (retries 0)", policy).play("0 start; 1 fail a transient"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn a_node_has_deadlines_of_its_own_for_an_attempt_and_for_all_of_them() {
    let drawing = "scan a (retries 9)(attempt_timeout 5)(node_timeout 12)";
    let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(60));
    let policy = policy.retry(RetryPolicy::default().jitter(0));
    let script = "0 start; 5 timeout a; 6 retry a#2; 11 timeout a#2; 12 overtime a; 13 retry a#3";
    insta::assert_snapshot!(Play::with_policy(drawing, policy).play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer timeout a#1 at 5
      > timer overtime a#1 at 12
    5 timeout a
      + line a: timed out after 5 s
      + timeout: a#2 not before 6
      > stop a#1
      > timer retry a#2 at 6
    6 retry a#2
      + started a#2
      > start a#2
      > timer timeout a#2 at 11
    11 timeout a#2
      + line a: timed out after 5 s
      + timeout: a#3 not before 13
      > stop a#2
      > timer retry a#3 at 13
    12 overtime a
      + line a: timed out after 12 s in all
      + failed a#3
      + run failed, closing line at a
      > end
    13 retry a#3
      ! the run is over
    ");
}

#[test]
fn the_time_of_a_node_stops_what_is_at_work() {
    let mut play = Play::going_on("scan a (node_timeout 12) -> scan b");
    insta::assert_snapshot!(play.play("0 start; 12 overtime a; 13 ok a; 14 ok b; 15 overtime a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer overtime a#1 at 12
    12 overtime a
      + line a: timed out after 12 s in all
      + failed a#1
      + started b#1
      > start b#1
      > stop a#1
    13 ok a
      + late a#1
    14 ok b
      + passed b#1
      + run failed, closing line at b
      > end
    15 overtime a
      ! the run is over
    ");
}

#[test]
fn an_unknown_end_is_tried_again_where_retries_are_left_and_marked() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(3));
    let script =
        "0 start; 1 ok a; 2 fail b unknown; 3 retry b#2; 4 fail b#2 transient; 6 retry b#3; 7 ok b#3";
    insta::assert_snapshot!(Play::with_policy("scan a -> probe b", policy).play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + started b#1
      > start b#1
    2 fail b unknown
      + unknown: b#2 not before 3
      > timer retry b#2 at 3
    3 retry b#2
      + started b#2, possible duplicate
      > start b#2
    4 fail b#2 transient
      + transient: b#3 not before 6
      > timer retry b#3 at 6
    6 retry b#3
      + started b#3, possible duplicate
      > start b#3
    7 ok b#3
      + passed b#3, flaky
      + run passed, closing line at b
      > end
    ");
}

#[test]
fn an_unknown_end_of_what_only_reads_leaves_no_mark() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    insta::assert_snapshot!(Play::with_policy("scan a", policy).play("0 start; 1 fail a unknown; 2 retry a#2"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a unknown
      + unknown: a#2 not before 2
      > timer retry a#2 at 2
    2 retry a#2
      + started a#2
      > start a#2
    ");
}

#[test]
fn what_must_not_be_repeated_fails_when_nobody_knows_how_it_ended() {
    let drawing = "probe a (on_unknown fail)(retries 5)";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 fail a unknown no answer"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a unknown no answer
      + line a: no answer
      + line a: not tried again: whether it had its effect is not known
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn what_a_person_is_to_decide_waits_for_them() {
    let drawing = "probe a (on_unknown pause) -> scan b, scan c";
    let mut play = Play::new(drawing);
    insta::assert_snapshot!(play.play("0 start; 1 fail a unknown no answer; 2 ok c; 3 retry a#2"), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 fail a unknown no answer
      + line a: no answer
      + line a: waits to be resumed: whether it had its effect is not known
      + held a#2
    2 ok c
      + passed c#1
    3 retry a#2
    ");
    assert!(play.run.is_paused());
    assert_eq!(play.run.held().collect::<Vec<_>>(), [play.node("a")]);
    insta::assert_snapshot!(play.play("9 resume; 10 ok a#2; 11 ok b"), @"
    9 resume
      + resumed
      + started a#2, possible duplicate
      > start a#2
    10 ok a#2
      + passed a#2
      + started b#1
      > start b#1
    11 ok b
      + passed b#1
      + run passed, closing line at b
      > end
    ");
    assert!(!play.run.is_paused());
}

#[test]
fn a_held_node_ends_with_the_run() {
    let drawing = "probe a (on_unknown pause), scan b";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 fail a unknown; 2 cancel; 3 stopped b"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a unknown
      + line a: waits to be resumed: whether it had its effect is not known
      + held a#2
    2 cancel
      + cancel requested
      + line a: cancelled
      + failed a#2
      > stop b#1
    3 stopped b
      + line b: cancelled
      + failed b#1
      + run cancelled, closing line at b
      > end
    ");
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 fail a unknown; 2 fail b"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a unknown
      + line a: waits to be resumed: whether it had its effect is not known
      + held a#2
    2 fail b
      + failed b#1
      + line a: not tried again: the run has failed
      + failed a#2
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn what_a_failed_receiver_has_not_done_is_failed() {
    let mut play = Play::new("scan a -> webhook b");
    play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 1 object a o3 passed; 2 done a");
    play.play("3 object b o1 passed; 4 fail b transient");
    insta::assert_snapshot!(play.entries("b"), @r#"
    {"parent":"p","id":"o1","source_id":"o1","track_id":"o1","status":"passed"}
    {"parent":"p","id":"o2","source_id":"o2","track_id":"o2","status":"failed"}
    {"parent":"p","id":"o3","source_id":"o3","track_id":"o3","status":"failed"}
    "#);
    insta::assert_snapshot!(play.entries("a"), @r#"
    {"parent":"p","id":"o1","source_id":"o1","track_id":"o1","status":"passed"}
    {"parent":"p","id":"o2","source_id":"o2","track_id":"o2","status":"passed"}
    {"parent":"p","id":"o3","source_id":"o3","track_id":"o3","status":"passed"}
    "#);
}

#[test]
fn waiting_for_a_person_is_told_apart_from_working_and_from_a_pause() {
    let mut play = Play::new("probe a (on_unknown pause) -> scan b, scan c");
    let mut told = Vec::new();
    let steps = [
        "0 start",
        "1 fail a unknown",
        "2 pause",
        "3 resume",
        "4 fail a#2 unknown",
        "5 ok c",
        "6 pause",
        "7 cancel",
    ];
    for step in steps {
        play.play(step);
        let state = play.run.state();
        told.push(format!("{step}: {state}, at rest {}, on the wire {}", state.is_at_rest(), state.status()));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    0 start: working, at rest false, on the wire working
    1 fail a unknown: working, awaiting a person, at rest false, on the wire working
    2 pause: pausing, at rest false, on the wire working
    3 resume: working, at rest false, on the wire working
    4 fail a#2 unknown: working, awaiting a person, at rest false, on the wire working
    5 ok c: awaiting a person, at rest true, on the wire working
    6 pause: paused, at rest true, on the wire working
    7 cancel: cancelled, at rest false, on the wire cancelled
    ");
}
