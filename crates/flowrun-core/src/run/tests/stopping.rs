//! Cancelling, and the deadline of the run.

use super::{Play, transcript};
use crate::{RetryPolicy, RunPolicy};
use std::time::Duration;

#[test]
fn cancel_stops_what_works_and_starts_nothing_new() {
    let mut play = Play::new("scan a -> scan b, scan c");
    insta::assert_snapshot!(play.play("0 start; 1 ok a; 2 cancel; 3 stopped b; 4 stopped c"), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 ok a
      + passed a#1
      + started b#1
      > start b#1
    2 cancel
      + cancel requested
      > stop b#1
      > stop c#1
    3 stopped b
      + line b: cancelled
      + failed b#1
    4 stopped c
      + line c: cancelled
      + failed c#1
      + run cancelled, closing line at c
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    c: starting job ID: c | job type is [ SCAN ]
    c: cancelled
    c: flowrun completed with status: ⏹ CANCELLED
    b: starting job ID: b | job type is [ SCAN ]
    b: cancelled
    ");
}

#[test]
fn what_comes_back_in_time_counts_and_nothing_follows_from_it() {
    let script = "0 start; 1 object a o passed; 2 cancel; 3 done a; 4 fail c stopped; 5 stopped c";
    insta::assert_snapshot!(transcript("scan a -> scan b, scan c", script), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 object a o passed
      + objects a: o passed
    2 cancel
      + cancel requested
      > stop a#1
      > stop c#1
    3 done a
      + passed a#1
    4 fail c stopped
      + line c: cancelled
      + failed c#1
      + run cancelled, closing line at c
      > end
    5 stopped c
      ! the run is over
    ");
}

#[test]
fn a_node_that_comes_back_unfinished_was_stopped() {
    let script = "0 start; 1 object a o working; 2 cancel; 3 done a";
    insta::assert_snapshot!(transcript("scan a", script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o working
      + objects a: o working
    2 cancel
      + cancel requested
      > stop a#1
    3 done a
      + line a: cancelled
      + failed a#1
      + run cancelled, closing line at a
      > end
    ");
}

#[test]
fn cancelling_twice_changes_nothing_the_second_time() {
    insta::assert_snapshot!(transcript("scan a", "0 start; 1 cancel; 2 cancel; 2 deadline; 3 stopped a; 4 cancel"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 cancel
      + cancel requested
      > stop a#1
    2 cancel
    2 deadline
    3 stopped a
      + line a: cancelled
      + failed a#1
      + run cancelled, closing line at a
      > end
    4 cancel
      ! the run is over
    ");
}

#[test]
fn cancel_ends_what_waits_for_another_attempt() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let mut play = Play::with_policy("scan a", policy);
    insta::assert_snapshot!(play.play("0 start; 1 fail a transient; 2 cancel; 3 retry a#2"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient
      + transient: a#2 not before 2
      > timer retry a#2 at 2
    2 cancel
      + cancel requested
      + line a: cancelled
      + failed a#2
      + run cancelled, closing line at a
      > end
    3 retry a#2
      ! the run is over
    ");
}

#[test]
fn a_run_that_is_failing_can_still_be_cancelled() {
    insta::assert_snapshot!(transcript("scan a, scan b", "0 start; 1 fail a; 2 cancel; 3 stopped b"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a
      + failed a#1
    2 cancel
      + cancel requested
      > stop b#1
    3 stopped b
      + line b: cancelled
      + failed b#1
      + run cancelled, closing line at b
      > end
    ");
}

#[test]
fn a_deadline_of_an_attempt_does_not_matter_once_it_was_told_to_stop() {
    let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(5));
    let mut play = Play::with_policy("scan a", policy);
    insta::assert_snapshot!(play.play("0 start; 4 cancel; 5 timeout a; 6 stopped a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer timeout a#1 at 5
    4 cancel
      + cancel requested
      > stop a#1
    5 timeout a
    6 stopped a
      + line a: cancelled
      + failed a#1
      + run cancelled, closing line at a
      > end
    ");
}

#[test]
fn the_deadline_of_the_run_stops_it_as_failed() {
    let mut play =
        Play::with_policy("scan a -> scan b", RunPolicy::default().run_timeout(Duration::from_secs(9)));
    insta::assert_snapshot!(play.play("0 start; 9 deadline; 10 cancel; 11 stopped a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer deadline at 9
    9 deadline
      + run timed out
      > stop a#1
    10 cancel
    11 stopped a
      + line a: stopped: the run timed out
      + failed a#1
      + run failed, closing line at a
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: stopped: the run timed out
    a: flowrun completed with status: ❌ FAILED
    ");
    assert!(play.run.has_timed_out());
}

#[test]
fn the_deadline_of_the_run_ends_what_waits_for_another_attempt() {
    let policy = RunPolicy::default().run_timeout(Duration::from_secs(9));
    let mut play =
        Play::with_policy("scan a", policy.retry(RetryPolicy::default().jitter(0).max_attempts(2)));
    insta::assert_snapshot!(play.play("0 start; 8 fail a transient; 9 deadline"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer deadline at 9
    8 fail a transient
      + transient: a#2 not before 9
      > timer retry a#2 at 9
    9 deadline
      + run timed out
      + line a: stopped: the run timed out
      + failed a#2
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn only_a_run_that_its_own_deadline_stopped_has_timed_out() {
    for end in ["1 ok a", "1 fail a", "1 cancel; 2 stopped a", "1 fail a; 2 rerun; 3 ok a#2.1"] {
        let mut play = Play::with_policy("scan a", RunPolicy::default().run_timeout(Duration::from_secs(9)));
        play.play("0 start");
        play.play(end);
        assert!(play.run.is_over() && !play.run.has_timed_out(), "{end}");
    }
}
