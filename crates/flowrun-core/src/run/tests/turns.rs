//! How many attempts work at the same time.

use super::Play;
use crate::{NodeStatus, RetryPolicy, RunPolicy};

fn at_most(attempts: u32) -> RunPolicy {
    let policy = RunPolicy::default().max_concurrent(attempts);
    policy.retry(RetryPolicy::default().jitter(0).max_attempts(2))
}

#[test]
fn what_is_over_the_limit_of_the_run_waits_for_its_turn() {
    let mut play = Play::with_policy("scan a -> scan d, scan b, scan c", at_most(2));
    insta::assert_snapshot!(play.play("0 start; 1 ok a; 2 ok b; 3 ok c; 4 ok d"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      + due c#1
      > start a#1
      > start b#1
    1 ok a
      + passed a#1
      + due d#1
      + started c#1
      > start c#1
    2 ok b
      + passed b#1
      + started d#1
      > start d#1
    3 ok c
      + passed c#1
    4 ok d
      + passed d#1
      + run passed, closing line at d
      > end
    ");
}

#[test]
fn a_wait_for_another_attempt_lets_others_work() {
    let mut play = Play::with_policy("scan a, scan b", at_most(1));
    insta::assert_snapshot!(play.play("0 start; 1 fail a transient; 2 retry a#2; 3 ok b; 4 ok a#2"), @"
    0 start
      + run started
      + started a#1
      + due b#1
      > start a#1
    1 fail a transient
      + transient: a#2 not before 2
      + started b#1
      > start b#1
      > timer retry a#2 at 2
    2 retry a#2
      + due a#2
    3 ok b
      + passed b#1
      + started a#2
      > start a#2
    4 ok a#2
      + passed a#2, flaky
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn a_node_that_waits_for_its_turn_shows_as_what_it_was_before() {
    let mut play = Play::with_policy("scan a, scan b", at_most(1));
    play.play("0 start");
    assert_eq!(play.statuses(), [NodeStatus::Working, NodeStatus::Queued]);
    play.play("1 fail a transient; 2 retry a#2");
    assert_eq!(play.statuses(), [NodeStatus::Working, NodeStatus::Working], "its second attempt waits");

    let mut play = Play::with_policy("scan a", RunPolicy::default().slots(true));
    play.play("0 start");
    assert_eq!(play.statuses(), [NodeStatus::Queued]);
    play.play("1 slot a");
    assert_eq!(play.statuses(), [NodeStatus::Working]);
}

#[test]
fn a_run_that_fails_lets_nobody_have_their_turn() {
    let mut play = Play::with_policy("scan a, scan b, scan c", at_most(1));
    insta::assert_snapshot!(play.play("0 start; 1 fail a; 2 rerun; 3 ok a#2.1; 4 ok b; 5 ok c"), @"
    0 start
      + run started
      + started a#1
      + due b#1
      + due c#1
      > start a#1
    1 fail a
      + failed a#1
      + run failed, closing line at a
      > end
    2 rerun
      + once more: a, b, c
      + started a#2.1
      + due b#1
      + due c#1
      > start a#2.1
    3 ok a#2.1
      + passed a#2.1
      + started b#1
      > start b#1
    4 ok b
      + passed b#1
      + started c#1
      > start c#1
    5 ok c
      + passed c#1
      + run passed, closing line at c
      > end
    ");
}

#[test]
fn an_attempt_starts_once_the_host_has_a_slot_for_it() {
    let mut play = Play::with_policy("scan a -> scan b", RunPolicy::default().slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot a; 2 slot a; 3 ok a; 4 slot b; 5 ok b"), @"
    0 start
      + run started
      + asking a#1
      > acquire slot a#1
    1 slot a
      + started a#1
      > start a#1
    2 slot a
    3 ok a
      + passed a#1
      + asking b#1
      > release slot a#1
      > acquire slot b#1
    4 slot b
      + started b#1
      > start b#1
    5 ok b
      + passed b#1
      + run passed, closing line at b
      > release slot b#1
      > end
    ");
}

#[test]
fn an_attempt_that_waits_gives_its_slot_back() {
    let mut play = Play::with_policy("scan a", at_most(9).slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot a; 2 fail a transient; 3 retry a#2; 4 slot a#2; 5 ok a#2"), @"
    0 start
      + run started
      + asking a#1
      > acquire slot a#1
    1 slot a
      + started a#1
      > start a#1
    2 fail a transient
      + transient: a#2 not before 3
      > release slot a#1
      > timer retry a#2 at 3
    3 retry a#2
      + asking a#2
      > acquire slot a#2
    4 slot a#2
      + started a#2
      > start a#2
    5 ok a#2
      + passed a#2, flaky
      + run passed, closing line at a
      > release slot a#2
      > end
    ");
}

#[test]
fn slots_that_are_not_needed_any_more_are_given_back() {
    let mut play = Play::with_policy("scan a, scan b, scan c", RunPolicy::default().slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot a; 2 cancel; 3 slot b; 4 stopped a"), @"
    0 start
      + run started
      + asking a#1
      + asking b#1
      + asking c#1
      > acquire slot a#1
      > acquire slot b#1
      > acquire slot c#1
    1 slot a
      + started a#1
      > start a#1
    2 cancel
      + cancel requested
      > release slot b#1
      > release slot c#1
      > stop a#1
    3 slot b
      > release slot b#1
    4 stopped a
      + line a: cancelled
      + failed a#1
      + run cancelled, closing line at a
      > release slot a#1
      > end
    ");
    let mut play = Play::with_policy("scan a, scan b, scan c", RunPolicy::default().slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot a; 2 fail a"), @"
    0 start
      + run started
      + asking a#1
      + asking b#1
      + asking c#1
      > acquire slot a#1
      > acquire slot b#1
      > acquire slot c#1
    1 slot a
      + started a#1
      > start a#1
    2 fail a
      + failed a#1
      + run failed, closing line at a
      > release slot a#1
      > release slot b#1
      > release slot c#1
      > end
    ");
}

#[test]
fn a_slot_that_comes_in_a_pause_is_given_back() {
    let mut play = Play::with_policy("scan a", RunPolicy::default().slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 pause; 2 slot a; 3 resume; 4 slot a; 5 ok a"), @"
    0 start
      + run started
      + asking a#1
      > acquire slot a#1
    1 pause
      + paused
    2 slot a
      + due a#1
      > release slot a#1
    3 resume
      + resumed
      + asking a#1
      > acquire slot a#1
    4 slot a
      + started a#1
      > start a#1
    5 ok a
      + passed a#1
      + run passed, closing line at a
      > release slot a#1
      > end
    ");
}

#[test]
fn the_limit_of_the_run_counts_those_that_ask() {
    let mut play = Play::with_policy("scan a, scan b, scan c", at_most(2).slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot b; 2 ok b"), @"
    0 start
      + run started
      + asking a#1
      + asking b#1
      + due c#1
      > acquire slot a#1
      > acquire slot b#1
    1 slot b
      + started b#1
      > start b#1
    2 ok b
      + passed b#1
      + asking c#1
      > release slot b#1
      > acquire slot c#1
    ");
}

#[test]
fn slots_are_asked_for_again_in_the_next_process() {
    let mut play = Play::with_policy("scan a, scan b, scan c", at_most(2).slots(true));
    insta::assert_snapshot!(play.play("0 start; 1 slot b; 2 crash; 3 slot a; 4 slot b#2"), @"
    0 start
      + run started
      + asking a#1
      + asking b#1
      + due c#1
      > acquire slot a#1
      > acquire slot b#1
    1 slot b
      + started b#1
      > start b#1
    2 crash
      + recovered, epoch 2
      + lost b#1
      + asking b#2
      > acquire slot a#1
      > release slot b#1
      > acquire slot b#2
    3 slot a
      + started a#1
      > start a#1
    4 slot b#2
      + started b#2
      > start b#2
    ");
}
