//! Going on in a new process.

use std::time::Duration;

use super::{Play, transcript};
use crate::{RetryPolicy, RunPolicy};

fn retrying() -> RunPolicy {
    RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(3))
}

#[test]
fn what_was_at_work_is_tried_again_and_what_is_done_is_not() {
    let mut play = Play::new("scan a -> webhook b, scan c");
    play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 1 done a; 2 object b o1 passed");
    insta::assert_snapshot!(play.play("9 crash; 10 done c; 10 ok c#2; 11 object b#2 o2 passed; 12 done b#2"), @"
    9 crash
      + recovered, epoch 2
      + lost b#1
      + started b#2, possible duplicate
      + lost c#1
      + started c#2
      > start b#2
      > start c#2
    10 done c
      + late c#1
    10 ok c#2
      + passed c#2
    11 object b#2 o2 passed
      + objects b: o2 passed
    12 done b#2
      + passed b#2
      + run passed, closing line at b
      > end
    ");
}

#[test]
fn a_new_attempt_is_handed_only_what_was_not_done_before_the_process_ended() {
    let mut play = Play::new("scan a -> webhook b");
    play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 1 done a; 2 object b o1 passed; 9 crash");
    assert_eq!(play.handed("b", 2), ["o2"]);
    assert!(play.run.task(play.node("b"), crate::Attempt::FIRST.next()).is_possible_duplicate());
}

/// Processes that were shut down, or had a store that stopped, were not ended by what was at work in them.
#[test]
fn a_run_that_was_let_go_spends_nothing_of_what_guards_against_crashes() {
    let mut play = Play::with_policy("scan a, scan b", retrying());
    insta::assert_snapshot!(play.play("0 start; 1 ok b; 2 handover"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 ok b
      + passed b#1
    2 handover
      + recovered, epoch 2
      + was let go
      + lost a#1
      + started a#2
      > start a#2
    ");
    play.play("3 handover; 4 handover; 5 crash; 6 crash; 6 slot a#6; 7 handover; 7 slot a#7");
    // Two crashes and four handovers later there is one attempt left, and the failures before count like the crashes.
    let transcript = play.play("8 fail a#7 transient");
    assert!(transcript.contains("+ failed a#7"), "{transcript}");

    let mut play = Play::with_policy("scan a", retrying());
    play.play("0 start; 3 handover; 4 handover; 5 handover; 5 crash; 6 handover");
    let transcript = play.play("8 fail a#6 transient; 9 retry a#7; 9 slot a#7");
    assert!(transcript.contains("+ started a#7"), "{transcript}");
    let transcript = play.play("10 crash");
    assert!(transcript.contains("crash loop"), "{transcript}");
    // Nothing is at work, so there is nothing to spare.
    let transcript = Play::new("scan a").play("0 start; 1 fail a transient; 2 handover");
    assert!(!transcript.contains("let go"), "{transcript}");
}

#[test]
fn a_node_that_ends_the_process_every_time_fails() {
    let mut play = Play::going_on("scan a, scan b (retries 3)");
    insta::assert_snapshot!(play.play("0 start; 1 crash; 2 crash; 2 slot a#3; 3 crash; 3 slot b#3; 4 ok b#3"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 crash
      + recovered, epoch 2
      + lost a#1
      + started a#2
      + lost b#1
      + started b#2
      > start a#2
      > start b#2
    2 crash
      + recovered, epoch 2
      + lost a#2
      + asking a#3
      + lost b#2
      + asking b#3
      > acquire slot a#3, last chance
      > acquire slot b#3, last chance
    2 slot a#3
      + started a#3
      > start a#3
    3 crash
      + recovered, epoch 2
      + lost a#3
      + line a: crash loop: the process ended in attempt 3, the last one
      + failed a#4
      > acquire slot b#3, last chance
      > release slot a#3
    3 slot b#3
      + started b#3
      > start b#3
    4 ok b#3
      + passed b#3
      + run failed, closing line at b
      > release slot b#3
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: crash loop: the process ended in attempt 3, the last one
    b: starting job ID: b | job type is [ SCAN ]
    b: flowrun completed with status: ❌ FAILED
    ");
}

#[test]
fn what_a_receiver_has_left_undone_fails_with_it() {
    let mut play = Play::new("scan a -> webhook b (on_unknown fail)");
    play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 1 done a; 2 object b o1 passed");
    insta::assert_snapshot!(play.play("9 crash"), @"
    9 crash
      + recovered, epoch 2
      + lost b#1
      + line b: not tried again: whether it had its effect is not known
      + objects b: o2 failed
      + failed b#2
      + run failed, closing line at b
      > end
    ");
}

#[test]
fn the_policy_of_a_node_decides_about_an_effect_that_may_have_happened() {
    let drawing = "probe a (on_unknown fail), probe b (on_unknown pause), probe c, scan d (on_unknown fail), \
                   pay e (on_unknown fail)";
    let mut play = Play::going_on(drawing);
    insta::assert_snapshot!(play.play("0 start; 1 crash; 2 resume"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      + started c#1
      + started d#1
      + started e#1
      > start a#1
      > start b#1
      > start c#1
      > start d#1
      > start e#1
    1 crash
      + recovered, epoch 2
      + lost a#1
      + line a: not tried again: whether it had its effect is not known
      + failed a#2
      + lost b#1
      + line b: waits to be resumed: whether it had its effect is not known
      + held b#2
      + lost c#1
      + started c#2, possible duplicate
      + lost d#1
      + started d#2
      + lost e#1
      + started e#2, possible duplicate
      > start c#2
      > start d#2
      > start e#2
    2 resume
      + resumed
      + started b#2, possible duplicate
      > start b#2
    ");
    assert!(play.run.is_probed_first(play.node("e")));
    assert!(!play.run.is_probed_first(play.node("c")), "nobody can find out");
}

#[test]
fn nobody_looks_again_once_a_person_has_decided() {
    let mut play = Play::new("pay a (on_unknown pause)");
    play.play("0 start; 1 fail a unknown; 2 resume");
    assert!(!play.run.is_probed_first(play.node("a")));
    assert!(play.run.task(play.node("a"), crate::Attempt::FIRST.next()).is_possible_duplicate());
}

#[test]
fn waits_and_deadlines_go_on_where_they_were() {
    let policy = retrying().run_timeout(Duration::from_secs(50)).node_timeout(Duration::from_secs(20));
    let mut play = Play::with_policy("scan a, scan b", policy.attempt_timeout(Duration::from_secs(7)));
    insta::assert_snapshot!(play.play("0 start; 3 fail a transient; 4 crash; 4 retry a#2; 5 crash; 5 slot a#3"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
      > timer deadline at 50
      > timer timeout a#1 at 7
      > timer overtime a#1 at 20
      > timer timeout b#1 at 7
      > timer overtime b#1 at 20
    3 fail a transient
      + transient: a#2 not before 4
      > timer retry a#2 at 4
    4 crash
      + recovered, epoch 2
      + lost b#1
      + started b#2
      > start b#2
      > timer deadline at 50
      > timer retry a#2 at 4
      > timer overtime a#1 at 20
      > timer timeout b#2 at 11
      > timer overtime b#1 at 20
    4 retry a#2
      + started a#2
      > start a#2
      > timer timeout a#2 at 11
    5 crash
      + recovered, epoch 2
      + lost a#2
      + asking a#3
      + lost b#2
      + asking b#3
      > timer deadline at 50
      > acquire slot a#3, last chance
      > timer overtime a#1 at 20
      > acquire slot b#3, last chance
      > timer overtime b#1 at 20
    5 slot a#3
      + started a#3
      > start a#3
      > timer timeout a#3 at 12
    ");
}

#[test]
fn a_run_that_was_being_stopped_is_stopped() {
    insta::assert_snapshot!(transcript("scan a -> scan b, scan c", "0 start; 1 cancel; 2 crash"), @"
    0 start
      + run started
      + started a#1
      + started c#1
      > start a#1
      > start c#1
    1 cancel
      + cancel requested
      > stop a#1
      > stop c#1
    2 crash
      + recovered, epoch 2
      + lost a#1
      + line a: cancelled
      + failed a#2
      + lost c#1
      + line c: cancelled
      + failed c#2
      + run cancelled, closing line at c
      > end
    ");
}

#[test]
fn what_may_finish_while_the_run_fails_is_tried_again() {
    insta::assert_snapshot!(transcript("scan a, scan b -> scan c", "0 start; 1 fail a; 2 crash; 3 ok b#2"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      > start a#1
      > start b#1
    1 fail a
      + failed a#1
    2 crash
      + recovered, epoch 2
      + lost b#1
      + started b#2
      > start b#2
    3 ok b#2
      + passed b#2
      + run failed, closing line at b
      > end
    ");
}

#[test]
fn a_node_that_fails_in_a_recovery_ends_what_waits() {
    let drawing = "probe a (retries 3), probe b (on_unknown fail), probe c";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 fail a transient; 2 crash"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      + started c#1
      > start a#1
      > start b#1
      > start c#1
    1 fail a transient
      + transient: a#2 not before 1.897396
      > timer retry a#2 at 1.897396
    2 crash
      + recovered, epoch 2
      + lost b#1
      + line b: not tried again: whether it had its effect is not known
      + failed b#2
      + line a: not tried again: the run has failed
      + failed a#2
      + lost c#1
      + started c#2, possible duplicate
      > start c#2
      > timer retry a#2 at 1.897396
    ");
}

#[test]
fn a_run_that_is_over_or_has_not_begun_is_not_recovered() {
    insta::assert_snapshot!(transcript("scan a", "0 crash; 0 start; 1 ok a; 2 crash"), @"
    0 crash
      ! the run has not started
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + run passed, closing line at a
      > end
    2 crash
      ! the run is over
    ");
}
