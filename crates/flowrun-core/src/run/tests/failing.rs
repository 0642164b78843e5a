//! What a failed node means for the run, and attempts that are made again.

use super::{Play, transcript};
use crate::{RetryPolicy, RunPolicy};
use std::time::Duration;

fn retrying() -> RunPolicy {
    RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(3))
}

#[test]
fn the_first_failed_node_ends_the_run_and_what_works_may_finish() {
    let mut play = Play::new("scan a -> scan c, scan b -> scan d, b -> slack e");
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 object b o passed; 3 done b"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a
      + failed a#1
    2 object b o passed
      + objects b: o passed
    3 done b
      + passed b#1
      + run failed, closing line at b
      > end
    ");
    insta::assert_debug_snapshot!(play.statuses(), @"
    [
        Failed,
        Queued,
        Passed,
        Queued,
        Queued,
    ]
    ");
}

#[test]
fn without_end_on_fail_the_children_run_and_the_run_still_fails() {
    let mut play = Play::going_on("scan a -> scan b");
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 ok b"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a
      + failed a#1
      + started b#1
      > start b#1
    2 ok b
      + passed b#1
      + run failed, closing line at b
      > end
    ");
}

#[test]
fn conditions_of_a_failed_node_are_judged_only_if_the_run_goes_on() {
    let drawing = "probe a {score >= 80} -> slack yes [true], a -> slack no [false]";
    let script = r#"0 start; 1 object a o failed {"type":"probe","score":90}; 2 done a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o failed {"type":"probe","score":90}
      + objects a: o failed
    2 done a
      + failed a#1
      + run failed, closing line at a
      > end
    "#);
    insta::assert_snapshot!(Play::going_on(drawing).play(script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o failed {"type":"probe","score":90}
      + objects a: o failed
    2 done a
      + judged a/0: true
      + failed a#1
      + started yes#1
      + skipped no
      > start yes#1
    "#);
}

#[test]
fn a_passing_failure_is_tried_again_after_a_wait_that_doubles() {
    let script = "0 start; 1 fail a transient busy; 2 retry a#2; 3 fail a#2 transient; 5 retry a#3; 6 fail a#3 transient";
    let mut play = Play::with_policy("scan a -> scan b", retrying());
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient busy
      + line a: busy
      + transient: a#2 not before 2
      > timer retry a#2 at 2
    2 retry a#2
      + started a#2
      > start a#2
    3 fail a#2 transient
      + transient: a#3 not before 5
      > timer retry a#3 at 5
    5 retry a#3
      + started a#3
      > start a#3
    6 fail a#3 transient
      + failed a#3
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn a_lasting_failure_is_not_tried_again() {
    let mut play = Play::with_policy("scan a", retrying());
    insta::assert_snapshot!(play.play("0 start; 1 fail a permanent wrong input"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a permanent wrong input
      + line a: wrong input
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn a_new_attempt_of_a_receiver_is_handed_only_what_is_not_done() {
    let mut play = Play::with_policy("scan a -> slack b", retrying());
    play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 2 done a");
    play.play("3 object b o1 passed; 4 fail b transient; 5 retry b#2");
    assert_eq!(play.handed("b", 2), ["o2"]);
    insta::assert_snapshot!(play.play("6 object b#2 o2 passed; 7 done b#2"), @"
    6 object b#2 o2 passed
      + objects b: o2 passed
    7 done b#2
      + passed b#2, flaky
      + run passed, closing line at b
      > end
    ");
}

#[test]
fn a_new_attempt_of_another_type_starts_a_new_list() {
    let mut play = Play::with_policy("scan a", retrying());
    play.play("0 start; 1 object a old passed; 2 fail a transient; 3 retry a#2; 4 object a#2 new passed");
    insta::assert_snapshot!(play.entries("a"), @r#"{"parent":"p","id":"new","source_id":"new","track_id":"new","status":"passed"}"#);
}

#[test]
fn a_producer_that_did_a_part_goes_on_with_its_list() {
    let mut play = Play::with_policy("scan a -> slack b", retrying());
    play.play(
        "0 start; 1 object a o1 working; 1 object a o2 working; 2 object a o1 passed; 3 fail a partial",
    );
    assert_eq!(play.handed("a", 2), ["o1", "o2"]);
    // Also when the process ends in the attempt that goes on, and when it fails in another way.
    play.play("4 retry a#2; 5 fail a#2 transient; 6 retry a#3");
    assert_eq!(play.handed("a", 3), ["o1", "o2"]);
    play.play("7 object a#3 o2 passed; 8 done a#3");
    assert_eq!(play.entries("a").matches("passed").count(), 2);
    assert_eq!(play.handed("b", 1), ["o1", "o2"]);
}

#[test]
fn what_nobody_goes_on_with_has_failed() {
    let mut play = Play::new("scan a");
    play.play("0 start; 1 object a o1 working; 1 object a o2 working; 2 object a o1 passed");
    insta::assert_snapshot!(play.play("3 fail a partial"), @"
    3 fail a partial
      + objects a: o2 failed
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn what_an_earlier_attempt_says_is_late() {
    let mut play = Play::with_policy("scan a", retrying());
    let script = "0 start; 1 fail a transient; 1 object a o passed; 2 retry a#2; 2 ok a#1; 3 object a#1 o passed; 4 retry a#2; 5 ok a#2";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient
      + transient: a#2 not before 2
      > timer retry a#2 at 2
    1 object a o passed
      + late a#1
    2 retry a#2
      + started a#2
      > start a#2
    2 ok a#1
      + late a#1, 2 by now
    3 object a#1 o passed
    4 retry a#2
    5 ok a#2
      + passed a#2, flaky
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn the_deadline_of_an_attempt_stops_it_and_its_answer_no_longer_counts() {
    let policy = retrying().attempt_timeout(Duration::from_millis(2500));
    let mut play = Play::with_policy("scan a", policy);
    insta::assert_snapshot!(play.play("0 start; 3 timeout a; 3 ok a; 4 retry a#2; 5 timeout a#1; 6 ok a#2"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer timeout a#1 at 2.5
    3 timeout a
      + line a: timed out after 2.5 s
      + timeout: a#2 not before 4
      > stop a#1
      > timer retry a#2 at 4
    3 ok a
      + late a#1
    4 retry a#2
      + started a#2
      > start a#2
      > timer timeout a#2 at 6.5
    5 timeout a#1
    6 ok a#2
      + passed a#2, flaky
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn a_failed_node_ends_the_wait_of_the_others() {
    let mut play = Play::with_policy("scan a, scan b", retrying());
    insta::assert_snapshot!(play.play("0 start; 1 fail a transient; 2 fail b"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a transient
      + transient: a#2 not before 2
      > timer retry a#2 at 2
    2 fail b
      + failed b#1
      + line a: not tried again: the run has failed
      + failed a#2
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn once_the_run_fails_nothing_is_tried_again() {
    let mut play = Play::with_policy("scan a, scan b", retrying());
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 fail b transient"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a
      + failed a#1
    2 fail b transient
      + failed b#1
      + run failed, closing line at b
      > end
    ");
}

#[test]
fn a_wait_that_is_asked_for_is_waited_and_one_that_is_too_long_fails_the_node() {
    let mut play = Play::with_policy("slack a", retrying());
    insta::assert_snapshot!(play.play("0 start; 1 fail a busy 600; 601 retry a#2; 602 fail a#2 busy 7200"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a busy 600
      + transient: a#2 not before 601
      > timer retry a#2 at 601
    601 retry a#2
      + started a#2
      > start a#2
    602 fail a#2 busy 7200
      + line a: not tried again: asked to wait 7200 s, the longest wait is 3600 s
      + objects a: 07070707-0707-0707-0707-070707070707 failed
      + failed a#2
      + run failed, closing line at a
      > end
    ");
}
