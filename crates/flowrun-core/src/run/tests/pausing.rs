//! Pausing, and going on.

use super::{Play, transcript};
use crate::{RetryPolicy, RunPolicy};

#[test]
fn a_run_is_at_rest_once_it_is_paused_and_nothing_works() {
    let mut play = Play::new("scan a -> scan b");
    play.play("0 start");
    assert!(!play.run.is_at_rest());
    play.play("1 pause");
    assert!(!play.run.is_at_rest(), "a is still at work");
    play.play("2 ok a");
    assert!(play.run.is_at_rest());
    play.play("3 resume");
    assert!(!play.run.is_at_rest());
    play.play("4 ok b");
    assert!(!play.run.is_at_rest(), "it is over");
}

#[test]
fn a_run_with_a_held_node_is_at_rest_once_nothing_else_works_or_waits() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let mut play = Play::with_policy("probe a (on_unknown pause), scan b", policy);
    play.play("0 start; 1 fail a unknown no answer");
    assert!(!play.run.is_at_rest(), "b is at work");
    play.play("2 fail b transient");
    assert!(!play.run.is_at_rest(), "b waits for its second attempt");
    play.play("3 retry b#2; 4 ok b#2");
    assert!(play.run.is_at_rest());
}

#[test]
fn nothing_new_starts_while_a_run_is_paused() {
    let mut play = Play::new("scan a -> scan b, a -> empty e, scan c -> slack d");
    insta::assert_snapshot!(play.play("0 start; 1 pause; 2 ok a; 3 pause; 4 ok c"), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 pause
      + paused
    2 ok a
      + passed a#1
      + due b#1
      + reached e
    3 pause
    4 ok c
      + passed c#1
      + nothing to send d
    ");
    assert!(play.run.is_paused());
    assert_eq!(play.statuses().iter().filter(|status| **status == crate::NodeStatus::Passed).count(), 3);
    insta::assert_snapshot!(play.play("5 resume; 6 resume; 7 ok b"), @"
    5 resume
      + resumed
      + started b#1
      > start b#1
    6 resume
    7 ok b
      + passed b#1
      + run passed, closing line at b
      > end
    ");
}

#[test]
fn an_attempt_whose_wait_ends_in_a_pause_starts_after_it() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let mut play = Play::with_policy("scan a", policy);
    insta::assert_snapshot!(play.play("0 start; 1 fail a transient; 1 pause; 2 retry a#2; 9 resume; 10 ok a#2"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 fail a transient
      + transient: a#2 not before 2
      > timer retry a#2 at 2
    1 pause
      + paused
    2 retry a#2
      + due a#2
    9 resume
      + resumed
      + started a#2
      > start a#2
    10 ok a#2
      + passed a#2, flaky
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn a_paused_run_can_be_cancelled() {
    insta::assert_snapshot!(transcript("scan a -> scan b", "0 start; 1 pause; 2 ok a; 3 cancel"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 pause
      + paused
    2 ok a
      + passed a#1
      + due b#1
    3 cancel
      + cancel requested
      + run cancelled, closing line at a
      > end
    ");
}

#[test]
fn a_paused_run_stays_paused_in_the_next_process() {
    let mut play = Play::new("scan a -> scan b, scan c");
    insta::assert_snapshot!(play.play("0 start; 1 pause; 2 ok a; 3 crash; 4 resume"), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 pause
      + paused
    2 ok a
      + passed a#1
      + due b#1
    3 crash
      + recovered, epoch 2
      + lost c#1
      + due c#2
    4 resume
      + resumed
      + started b#1
      + started c#2
      > start b#1
      > start c#2
    ");
}

#[test]
fn a_run_without_anything_left_to_do_ends_though_it_is_paused() {
    insta::assert_snapshot!(transcript("scan a", "0 start; 1 pause; 2 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 pause
      + paused
    2 ok a
      + passed a#1
      + run passed, closing line at a
      > end
    ");
}
