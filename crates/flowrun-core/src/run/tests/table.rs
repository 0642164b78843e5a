//! Every state of a node times every event, each decided by name.

use std::fmt::Write;

use super::Play;
use crate::{RetryPolicy, RunPolicy};

/// A node `n` in each of its states, with the script that brings it there. Node `x` keeps the run open.
const STATES: [(&str, &str, &str); 9] = [
    ("queued", "scan x, scan r -> scan n", "0 start"),
    ("working", "scan x, scan n", "0 start"),
    ("waiting", "scan x, scan n", "0 start; 1 fail n transient"),
    ("passed", "scan x, scan n", "0 start; 1 ok n"),
    ("failed", "scan x, scan n", "0 start; 1 fail n"),
    ("skipped", "scan x, empty e -> scan n", "0 start"),
    ("reached", "scan x, empty n", "0 start"),
    ("new", "scan x, scan n", ""),
    ("over", "scan n", "0 start; 1 ok n"),
];

const EVENTS: [&str; 11] = [
    "start",
    "object n o passed",
    "log n text",
    "ok n",
    "done n",
    "fail n",
    "stopped n",
    "timeout n",
    "retry n#2",
    "cancel",
    "deadline",
];

/// What came of an event: records and commands, a refusal, or nothing.
fn cell(drawing: &str, script: &str, event: &str) -> String {
    let mut play =
        Play::with_policy(drawing, RunPolicy::default().retry(RetryPolicy::default().max_attempts(2)));
    play.play(script);
    let before = (play.run.to_json(), format!("{:?}", play.run));
    let transcript = play.play(&format!("9 {event}"));
    let lines: Vec<&str> = transcript.lines().skip(1).map(str::trim).collect();
    let after = (play.run.to_json(), format!("{:?}", play.run));
    if let [refusal] = &*lines
        && let Some(why) = refusal.strip_prefix("! ")
    {
        assert_eq!(after, before, "a rejected event changes nothing");
        return format!("rejected: {why}");
    }
    if lines.is_empty() { "noted".to_owned() } else { lines.join(", ") }
}

#[test]
fn every_event_is_decided_in_every_state_of_a_node() {
    let mut table = String::new();
    for (state, drawing, script) in STATES {
        writeln!(table, "{state}").unwrap();
        for event in EVENTS {
            writeln!(table, "  {event:<18} {}", cell(drawing, script, event)).unwrap();
        }
    }
    insta::assert_snapshot!(table, @"
    queued
      start              rejected: the run has started already
      object n o passed  rejected: no attempt of the node at place 2 was ever started
      log n text         + line n: text
      ok n               rejected: no attempt of the node at place 2 was ever started
      done n             rejected: no attempt of the node at place 2 was ever started
      fail n             rejected: no attempt of the node at place 2 was ever started
      stopped n          rejected: no attempt of the node at place 2 was ever started
      timeout n          rejected: no attempt of the node at place 2 was ever started
      retry n#2          rejected: no attempt of the node at place 2 was ever started
      cancel             + cancel requested, > stop x#1, > stop r#1
      deadline           + run timed out, > stop x#1, > stop r#1
    working
      start              rejected: the run has started already
      object n o passed  + objects n: o passed
      log n text         + line n: text
      ok n               + passed n#1
      done n             + passed n#1
      fail n             + failed n#1
      stopped n          + line n: stopped, + failed n#1
      timeout n          + line n: timed out after 0 s, + timeout: n#2 not before 10, > stop n#1, > timer retry n#2 at 10
      retry n#2          noted
      cancel             + cancel requested, > stop x#1, > stop n#1
      deadline           + run timed out, > stop x#1, > stop n#1
    waiting
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          + started n#2, > start n#2
      cancel             + cancel requested, + line n: cancelled, + failed n#2, > stop x#1
      deadline           + run timed out, + line n: stopped: the run timed out, + failed n#2, > stop x#1
    passed
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          noted
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
    failed
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          noted
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
    skipped
      start              rejected: the run has started already
      object n o passed  rejected: no attempt of the node at place 2 was ever started
      log n text         + line n: text
      ok n               rejected: no attempt of the node at place 2 was ever started
      done n             rejected: no attempt of the node at place 2 was ever started
      fail n             rejected: no attempt of the node at place 2 was ever started
      stopped n          rejected: no attempt of the node at place 2 was ever started
      timeout n          rejected: no attempt of the node at place 2 was ever started
      retry n#2          rejected: no attempt of the node at place 2 was ever started
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
    reached
      start              rejected: the run has started already
      object n o passed  rejected: no attempt of the node at place 1 was ever started
      log n text         + line n: text
      ok n               rejected: no attempt of the node at place 1 was ever started
      done n             rejected: no attempt of the node at place 1 was ever started
      fail n             rejected: no attempt of the node at place 1 was ever started
      stopped n          rejected: no attempt of the node at place 1 was ever started
      timeout n          rejected: no attempt of the node at place 1 was ever started
      retry n#2          rejected: no attempt of the node at place 1 was ever started
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
    new
      start              + run started, + started x#1, + started n#1, > start x#1, > start n#1
      object n o passed  rejected: the run has not started
      log n text         rejected: the run has not started
      ok n               rejected: the run has not started
      done n             rejected: the run has not started
      fail n             rejected: the run has not started
      stopped n          rejected: the run has not started
      timeout n          rejected: the run has not started
      retry n#2          rejected: the run has not started
      cancel             rejected: the run has not started
      deadline           rejected: the run has not started
    over
      start              rejected: the run is over
      object n o passed  rejected: the run is over
      log n text         rejected: the run is over
      ok n               rejected: the run is over
      done n             rejected: the run is over
      fail n             rejected: the run is over
      stopped n          rejected: the run is over
      timeout n          rejected: the run is over
      retry n#2          rejected: the run is over
      cancel             rejected: the run is over
      deadline           rejected: the run is over
    ");
}

#[test]
fn an_attempt_that_is_not_the_current_one_is_late_in_every_state_that_has_one() {
    for (state, drawing, script) in &STATES[1..5] {
        for event in ["object n#7 o passed", "ok n#7", "done n#7", "fail n#7", "stopped n#7"] {
            assert_eq!(cell(drawing, script, event), "+ late n#7", "{state}: {event}");
        }
        for event in ["timeout n#7", "retry n#7"] {
            assert_eq!(cell(drawing, script, event), "noted", "{state}: {event}");
        }
    }
}
