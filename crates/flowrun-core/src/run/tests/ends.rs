//! How a node ends, and what comes too late.

use super::{Play, transcript};

#[test]
fn a_stated_status_wins_over_the_entries() {
    let script = "0 start; 1 object a o failed; 2 ok a";
    insta::assert_snapshot!(transcript("scan a", script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o failed
      + objects a: o failed
    2 ok a
      + passed a#1
      + run passed, closing line at a
      > end
    ");
    let script = "0 start; 1 object a o passed; 2 fail a permanent no luck";
    insta::assert_snapshot!(transcript("scan a", script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed
      + objects a: o passed
    2 fail a permanent no luck
      + line a: no luck
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn without_a_stated_status_one_failed_entry_fails_the_node() {
    let script = "0 start; 1 object a o passed; 2 object a p failed; 3 done a";
    insta::assert_snapshot!(transcript("scan a", script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed
      + objects a: o passed
    2 object a p failed
      + objects a: p failed
    3 done a
      + failed a#1
      + run failed, closing line at a
      > end
    ");
}

#[test]
fn without_entries_the_node_passes() {
    insta::assert_snapshot!(transcript("scan a", "0 start; 1 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 done a
      + passed a#1
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn entries_still_working_fail_the_node_with_a_line() {
    let mut play = Play::new("scan a");
    insta::assert_snapshot!(play.play("0 start; 1 object a o working; 2 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o working
      + objects a: o working
    2 done a
      + line a: ended with objects still working
      + failed a#1
      + run failed, closing line at a
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: ended with objects still working
    a: flowrun completed with status: ❌ FAILED
    ");
}

#[test]
fn incomplete_entries_do_not_fail_the_node() {
    insta::assert_snapshot!(transcript("test a", "0 start; 1 object a o incomplete; 2 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o incomplete
      + objects a: o incomplete
    2 done a
      + passed a#1
      + run passed, closing line at a
      > end
    ");
}

#[test]
fn a_report_without_a_return_ends_nothing() {
    insta::assert_snapshot!(transcript("scan a", "0 start; 1 object a o passed; 2 log a all done"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o passed
      + objects a: o passed
    2 log a all done
      + line a: all done
    ");
}

#[test]
fn the_status_of_an_entry_never_leaves_a_terminal_one() {
    let mut play = Play::new("scan a");
    play.play("0 start; 1 object a o passed; 2 object a o working; 3 object a o failed");
    insta::assert_snapshot!(play.entries("a"), @r#"{"parent":"p","id":"o","source_id":"o","track_id":"o","status":"passed"}"#);
}

#[test]
fn a_receiver_handed_nothing_passes_without_a_call() {
    let mut play = Play::new("scan a -> slack b -> scan c");
    insta::assert_snapshot!(play.play("0 start; 1 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 done a
      + passed a#1
      + nothing to send b
      + started c#1
      > start c#1
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    b: starting job ID: b | job type is [ SLACK ]
    b: nothing to send: no objects
    c: starting job ID: c | job type is [ SCAN ]
    ");
}

#[test]
fn an_issue_handed_nothing_passes_without_a_call_and_a_report_is_called() {
    let drawing = "scan a -> issue i, a -> report r";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 done a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 done a
      + passed a#1
      + nothing to send i
      + started r#1
      > start r#1
    ");
}

#[test]
fn late_entries_and_ends_are_dropped_and_late_lines_kept() {
    let mut play = Play::new("scan a -> scan b");
    let script = "0 start; 1 ok a; 2 object a o failed; 3 log a too late; 4 fail a; 5 stopped a";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + started b#1
      > start b#1
    2 object a o failed
      + late a#1
    3 log a too late
      + line a: too late
    4 fail a
      + late a#1, 2 by now
    5 stopped a
    ");
    assert!(play.entries("a").is_empty());
    assert!(play.log().contains("a: too late\n"));
}

#[test]
fn an_event_that_cannot_follow_changes_nothing() {
    let mut play = Play::new("scan a -> scan b");
    insta::assert_snapshot!(play.play("0 ok a; 0 cancel; 1 start; 2 start; 3 ok b; 4 object b o passed"), @"
    0 ok a
      ! the run has not started
    0 cancel
      ! the run has not started
    1 start
      + run started
      + started a#1
      > start a#1
    2 start
      ! the run has started already
    3 ok b
      ! no attempt of the node at place 1 was ever started
    4 object b o passed
      ! no attempt of the node at place 1 was ever started
    ");
    insta::assert_snapshot!(play.play("5 ok a; 6 ok b; 7 log a after; 8 cancel; 9 deadline; 9 start"), @"
    5 ok a
      + passed a#1
      + started b#1
      > start b#1
    6 ok b
      + passed b#1
      + run passed, closing line at b
      > end
    7 log a after
      ! the run is over
    8 cancel
      ! the run is over
    9 deadline
      ! the run is over
    9 start
      ! the run is over
    ");
}

#[test]
fn an_event_about_a_node_the_flow_lacks_is_refused() {
    let mut play = Play::new("scan a");
    play.play("0 start");
    let (node, attempt) = (crate::NodeIx::new(1), crate::Attempt::FIRST);
    for event in [
        crate::Event::AttemptStopped { node, attempt },
        crate::Event::Reported { node, attempt, report: crate::Report::Log(String::new()) },
        crate::Event::TimerFired(crate::Timer::Retry { node, attempt }),
    ] {
        let shown = play.handle(super::play::second(1), event);
        assert_eq!(shown, "  ! the flow has no node at place 1\n");
    }
}
