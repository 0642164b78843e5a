//! What the time counts for in which nobody ran or a person was waited for, and clocks that are wrong.

use std::time::Duration;

use super::play::going_on;
use super::{Play, draw};
use crate::{RetryPolicy, RunPolicy};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Two attempts, a wait of a second, and these limits for the run and each node.
fn limited(run: Option<u64>, node: Option<u64>) -> RunPolicy {
    let mut policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    (policy.run_timeout, policy.node_timeout) = (run.map(seconds), node.map(seconds));
    policy
}

/// What follows from the last event of a script.
fn last(drawing: &str, policy: RunPolicy, script: &str) -> String {
    let mut play = Play::with_policy(drawing, policy);
    let (before, last) = script.rsplit_once(';').unwrap();
    play.play(before);
    play.play(last)
}

#[test]
fn a_node_that_waits_for_a_person_does_so_though_its_time_passed_while_nobody_ran() {
    let mut play = Play::with_policy("slack a (on_unknown pause)", limited(None, Some(10)));
    insta::assert_snapshot!(play.play("0 start; 3600 crash; 3601 overtime a; 3700 crash; 3800 resume; 3805 ok a#2"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer overtime a#1 at 10
    3600 crash
      + recovered, epoch 2
      + lost a#1
      + line a: waits to be resumed: whether it had its effect is not known
      + held a#2
    3601 overtime a
    3700 crash
      + recovered, epoch 2
    3800 resume
      + resumed
      + started a#2, possible duplicate
      > start a#2
      > timer overtime a#1 at 3810
    3805 ok a#2
      + passed a#2
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn a_run_whose_time_passed_while_nobody_ran_ends_before_anything_is_called() {
    let drawing = "scan a (retries 3), scan b, slack c (on_unknown pause) -> scan d";
    let script = "0 start; 1 fail a transient; 3600 crash";
    insta::assert_snapshot!(last(drawing, limited(Some(60), None), script), @"
    3600 crash
      + recovered, epoch 2
      + run timed out
      + line a: stopped: the run timed out
      + failed a#2
      + lost b#1
      + line b: stopped: the run timed out
      + failed b#2
      + lost c#1
      + line c: stopped: the run timed out
      + failed c#2
      + run failed, closing line at c
      > end
    ");
    // The run was only told to fail, and what worked was to be tried again.
    insta::assert_snapshot!(last("scan a, scan b", limited(Some(60), None), "0 start; 1 fail a; 60 crash"), @"
    60 crash
      + recovered, epoch 2
      + run timed out
      + lost b#1
      + line b: stopped: the run timed out
      + failed b#2
      + run failed, closing line at b
      > end
    ");
}

#[test]
fn a_node_whose_time_passed_while_nobody_ran_ends_before_it_is_called() {
    let mut policy = limited(None, Some(10)).max_concurrent(1);
    for (state, script) in [
        ("at work", "0 start; 10 crash"),
        ("waiting", "0 start; 1 fail a transient; 10 crash"),
        ("due", "0 start; 1 fail a transient; 2 retry a#2; 10 crash"),
    ] {
        let transcript = last("scan a, scan b", policy.clone(), script);
        assert!(transcript.contains("timed out after 10 s in all"), "{state}: {transcript}");
        assert!(!transcript.contains("> start a"), "{state}: {transcript}");
    }
    policy = policy.slots(true);
    let asking = last("scan a", policy, "0 start; 0 slot a; 1 fail a transient; 2 retry a#2; 10 crash");
    assert!(asking.contains("timed out after 10 s in all") && !asking.contains("acquire"), "{asking}");
    // A second earlier it has its turn.
    let in_time = last("scan a", limited(None, Some(10)), "0 start; 9 crash");
    assert!(in_time.contains("> start a#2") && in_time.contains("overtime a#1 at 10"), "{in_time}");
}

/// What starts in a recovery is not taken for something that the process before had at work.
#[test]
fn what_starts_below_a_node_that_ends_in_a_recovery_is_not_lost() {
    let mut play = Play::of(draw::plan("scan a -> scan b"), going_on().policy(limited(None, Some(10))));
    insta::assert_snapshot!(play.play("0 start; 9 fail a transient; 10 crash"), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer overtime a#1 at 10
    9 fail a transient
      + transient: a#2 not before 10
      > timer retry a#2 at 10
    10 crash
      + recovered, epoch 2
      + line a: timed out after 10 s in all
      + failed a#2
      + started b#1
      > start b#1
      > timer overtime b#1 at 20
    ");
}

#[test]
fn what_starts_below_a_node_that_ends_in_a_recovery_asks_once() {
    let policy = limited(None, Some(10)).slots(true);
    let mut play = Play::of(draw::plan("scan a -> scan b, scan c"), going_on().policy(policy));
    let transcript = play.play("0 start; 0 slot a; 9 fail a transient; 10 crash");
    let (_, recovery) = transcript.split_once("recovered").unwrap();
    for slot in ["acquire slot b#1", "acquire slot c#1"] {
        assert_eq!(recovery.matches(slot).count(), 1, "{recovery}");
    }
}

#[test]
fn a_process_that_was_frozen_over_a_deadline_calls_nothing_more() {
    let run = limited(Some(10), None);
    insta::assert_snapshot!(last("scan a -> scan b", run.clone(), "0 start; 11 ok a"), @"
    11 ok a
      + run timed out
      + passed a#1
      + run failed, closing line at a
      > stop a#1
      > end
    ");
    insta::assert_snapshot!(last("scan a", run, "0 start; 9 fail a transient; 11 retry a#2"), @"
    11 retry a#2
      + run timed out
      + line a: stopped: the run timed out
      + failed a#2
      + run failed, closing line at a
      > end
    ");
    let node = limited(None, Some(10));
    insta::assert_snapshot!(last("scan a", node.clone(), "0 start; 9 fail a transient; 11 retry a#2"), @"
    11 retry a#2
      + line a: timed out after 10 s in all
      + failed a#2
      + run failed, closing line at a
      > end
    ");
    let slots = "0 start; 0 slot a; 8 fail a transient; 9 retry a#2; 11 slot a#2";
    insta::assert_snapshot!(last("scan a", node.clone().slots(true), slots), @"
    11 slot a#2
      + line a: timed out after 10 s in all
      + failed a#2
      + run failed, closing line at a
      > release slot a#2
      > end
    ");
    let due = "0 start; 8 fail a transient; 9 retry a#2; 11 ok b";
    insta::assert_snapshot!(last("scan a, scan b", node.max_concurrent(1), due), @"
    11 ok b
      + passed b#1
      + line a: timed out after 10 s in all
      + failed a#2
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn the_clocks_of_a_paused_run_stand_still_also_while_nobody_runs() {
    let mut play = Play::with_policy("scan a -> scan b", limited(Some(20), Some(10)));
    let script = "0 start; 4 pause; 5 overtime a; 20 deadline; 3600 crash; 3700 resume; 3701 deadline; 3706 overtime a#1";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
      > timer deadline at 20
      > timer overtime a#1 at 10
    4 pause
      + paused
    5 overtime a
    20 deadline
    3600 crash
      + recovered, epoch 2
      + lost a#1
      + due a#2
    3700 resume
      + resumed
      + started a#2
      > start a#2
      > timer deadline at 3716
      > timer overtime a#1 at 3706
    3701 deadline
      > timer deadline at 3716
    3706 overtime a#1
      + line a: timed out after 10 s in all
      + failed a#2
      + run failed, closing line at a
      > stop a#2
      > end
    ");
}

#[test]
fn a_node_that_starts_after_a_pause_has_all_of_its_time() {
    let transcript =
        last("scan a -> scan b", limited(Some(90), Some(10)), "0 start; 4 pause; 5 ok a; 100 resume");
    assert!(transcript.contains("timer deadline at 186"), "{transcript}");
    assert!(transcript.contains("timer overtime b#1 at 110"), "{transcript}");
    let again =
        last("scan a -> scan b", limited(None, Some(10)), "0 start; 4 pause; 5 ok a; 100 resume; 104 crash");
    assert!(again.contains("> start b#2") && again.contains("timer overtime b#1 at 110"), "{again}");
}

#[test]
fn the_clock_of_a_held_node_and_its_run_stands_still_and_that_of_others_goes_on() {
    let spec = going_on().policy(limited(Some(20), Some(10)));
    let mut play = Play::of(draw::plan("slack a (on_unknown pause), scan b"), spec);
    let script =
        "0 start; 4 fail a unknown; 10 overtime a; 10 overtime b; 50 resume; 51 overtime a; 56 overtime a";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
      > timer deadline at 20
      > timer overtime a#1 at 10
      > timer overtime b#1 at 10
    4 fail a unknown
      + line a: waits to be resumed: whether it had its effect is not known
      + held a#2
    10 overtime a
    10 overtime b
      + line b: timed out after 10 s in all
      + failed b#1
      > stop b#1
    50 resume
      + resumed
      + started a#2, possible duplicate
      > start a#2
      > timer deadline at 66
      > timer overtime a#1 at 56
    51 overtime a
      > timer overtime a#1 at 56
    56 overtime a
      + line a: timed out after 10 s in all
      + objects a: 07070707-0707-0707-0707-070707070707 failed
      + failed a#2
      + run failed, closing line at a
      > stop a#2
      > end
    ");
}

#[test]
fn a_run_that_fails_while_a_node_is_held_has_a_deadline_again() {
    let mut play = Play::with_policy("slack a (on_unknown pause), scan b, scan c", limited(Some(20), None));
    let transcript = play.play("0 start; 4 fail a unknown; 30 deadline; 34 fail b; 50 deadline");
    assert!(transcript.contains("timer deadline at 50"), "{transcript}");
    assert!(transcript.ends_with("50 deadline\n  + run timed out\n  > stop c#1\n"), "{transcript}");
}

#[test]
fn a_wait_that_was_set_by_a_wrong_clock_is_no_longer_than_it_was() {
    let ahead = 3_000_000_000_i64;
    let wait = |retry_after| format!("{ahead} start; {ahead} fail a {retry_after}; 1000 crash; 1001 crash");
    let transcript = last("slack a", limited(None, None), &wait("transient"));
    assert!(transcript.contains("timer retry a#2 at 1001"), "{transcript}");
    // What the other side asked for is waited, and not a second more.
    let transcript = last("slack a", limited(None, None), &wait("busy 600"));
    assert!(transcript.contains("timer retry a#2 at 1600"), "{transcript}");
}

#[test]
fn deadlines_that_were_set_by_a_wrong_clock_come_no_later_than_they_were_going_to() {
    let ahead = 3_000_000_000_i64;
    let script = format!("{ahead} start; {} crash; 1000 crash; 1001 crash", ahead + 3);
    let policy = limited(Some(60), Some(10)).crash_attempts(9);
    insta::assert_snapshot!(last("scan a", policy.clone(), &script), @"
    1001 crash
      + recovered, epoch 2
      + lost a#3
      + started a#4
      > start a#4
      > timer deadline at 1057
      > timer overtime a#1 at 1007
    ");
    // What was used before the clock was set back counts: there is a line that shows it.
    let used =
        last("scan a", policy.clone(), &format!("{ahead} start; {} log a text; 1000 crash", ahead + 4));
    assert!(used.contains("timer deadline at 1056") && used.contains("overtime a#1 at 1006"), "{used}");
    // A clock that was set forward looks like a process that was down.
    let forward = last("scan a", policy, &format!("0 start; {ahead} crash"));
    assert!(forward.contains("run timed out") && !forward.contains("> start"), "{forward}");
}

#[test]
fn a_run_that_is_done_once_more_has_its_time_anew() {
    let script = "0 start; 4 pause; 50 resume; 51 fail a; 3600 rerun; 3605 crash";
    let transcript = last("scan a", limited(Some(60), Some(10)), script);
    assert!(transcript.contains("timer deadline at 3660"), "{transcript}");
    assert!(transcript.contains("timer overtime a#2.1 at 3610"), "{transcript}");
}
