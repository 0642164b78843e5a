//! Every state of a node times every event, each decided by name.

use std::fmt::Write;

use super::Play;
use crate::{RetryPolicy, RunPolicy};

/// A node `n` in each of its states, with the script that brings it there. Node `x` keeps the run open.
const STATES: [(&str, &str, &str); 14] = [
    ("queued", "scan x, scan r -> scan n", "0 start"),
    ("working", "scan x, scan n", "0 start"),
    ("waiting", "scan x, scan n", "0 start; 1 fail n transient"),
    ("passed", "scan x, scan n", "0 start; 1 ok n"),
    ("failed", "scan x, scan n", "0 start; 1 fail n"),
    ("due", "scan x, scan r -> scan n", "0 start; 1 pause; 1 ok r"),
    ("due again", "scan x, scan n", "0 start; 1 fail n transient; 1 pause; 2 retry n#2"),
    ("asking", "scan x, scan n", "0 start; 1 slot x"),
    ("asking again", "scan x, scan n", "0 start; 1 slot x; 1 slot n; 1 fail n transient; 2 retry n#2"),
    ("held", "scan x, probe n (on_unknown pause)", "0 start; 1 fail n unknown"),
    ("skipped", "scan x, empty e -> scan n", "0 start"),
    ("reached", "scan x, empty n", "0 start"),
    ("new", "scan x, scan n", ""),
    ("over", "scan n", "0 start; 1 ok n"),
];

const EVENTS: [&str; 19] = [
    "start",
    "object n o passed",
    "log n text",
    "ok n",
    "done n",
    "fail n",
    "stopped n",
    "timeout n",
    "retry n#2",
    "overtime n",
    "slot n",
    "slot n#2",
    "cancel",
    "deadline",
    "pause",
    "resume",
    "crash",
    "rerun",
    "rerun n",
];

/// What came of an event: records and commands, a refusal, or nothing.
fn cell(state: &str, drawing: &str, script: &str, event: &str) -> String {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let mut play = Play::with_policy(drawing, policy.slots(state.starts_with("asking")));
    play.play(script);
    play.run = play.replayed();
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
            writeln!(table, "  {event:<18} {}", cell(state, drawing, script, event)).unwrap();
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
      overtime n         rejected: no attempt of the node at place 2 was ever started
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1, > stop r#1
      deadline           + run timed out, > stop x#1, > stop r#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, + lost r#1, + started r#2, > start x#2, > start r#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         + line n: timed out after 0 s in all, + failed n#1, > stop n#1
      slot n             noted
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1, > stop n#1
      deadline           + run timed out, > stop x#1, > stop n#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, + lost n#1, + started n#2, > start x#2, > start n#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         + line n: timed out after 0 s in all, + failed n#2
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, + line n: cancelled, + failed n#2, > stop x#1
      deadline           + run timed out, + line n: stopped: the run timed out, + failed n#2, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2, > timer retry n#2 at 2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         noted
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         noted
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
    due
      start              rejected: the run has started already
      object n o passed  rejected: no attempt of the node at place 2 was ever started
      log n text         + line n: text
      ok n               rejected: no attempt of the node at place 2 was ever started
      done n             rejected: no attempt of the node at place 2 was ever started
      fail n             rejected: no attempt of the node at place 2 was ever started
      stopped n          rejected: no attempt of the node at place 2 was ever started
      timeout n          rejected: no attempt of the node at place 2 was ever started
      retry n#2          rejected: no attempt of the node at place 2 was ever started
      overtime n         rejected: no attempt of the node at place 2 was ever started
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
      pause              noted
      resume             + resumed, + started n#1, > start n#1
      crash              + recovered, epoch 2, + lost x#1, + due x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
    due again
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          noted
      overtime n         + line n: timed out after 0 s in all, + failed n#2
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, + line n: cancelled, + failed n#2, > stop x#1
      deadline           + run timed out, + line n: stopped: the run timed out, + failed n#2, > stop x#1
      pause              noted
      resume             + resumed, + started n#2, > start n#2
      crash              + recovered, epoch 2, + lost x#1, + due x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
    asking
      start              rejected: the run has started already
      object n o passed  rejected: no attempt of the node at place 1 was ever started
      log n text         + line n: text
      ok n               rejected: no attempt of the node at place 1 was ever started
      done n             rejected: no attempt of the node at place 1 was ever started
      fail n             rejected: no attempt of the node at place 1 was ever started
      stopped n          rejected: no attempt of the node at place 1 was ever started
      timeout n          rejected: no attempt of the node at place 1 was ever started
      retry n#2          rejected: no attempt of the node at place 1 was ever started
      overtime n         rejected: no attempt of the node at place 1 was ever started
      slot n             + started n#1, > start n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > release slot n#1, > stop x#1
      deadline           + run timed out, > release slot n#1, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + asking x#2, > acquire slot n#1, > release slot x#1, > acquire slot x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
    asking again
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          noted
      overtime n         + line n: timed out after 0 s in all, + failed n#2, > release slot n#2
      slot n             > release slot n#1
      slot n#2           + started n#2, > start n#2
      cancel             + cancel requested, + line n: cancelled, + failed n#2, > stop x#1, > release slot n#2
      deadline           + run timed out, + line n: stopped: the run timed out, + failed n#2, > stop x#1, > release slot n#2
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + asking x#2, > acquire slot n#2, > release slot x#1, > acquire slot x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
    held
      start              rejected: the run has started already
      object n o passed  + late n#1
      log n text         + line n: text
      ok n               + late n#1
      done n             + late n#1
      fail n             + late n#1
      stopped n          + late n#1
      timeout n          noted
      retry n#2          noted
      overtime n         noted
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, + line n: cancelled, + failed n#2, > stop x#1
      deadline           + run timed out, + line n: stopped: the run timed out, + failed n#2, > stop x#1
      pause              + paused
      resume             + resumed, + started n#2, possible duplicate, > start n#2
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         rejected: no attempt of the node at place 2 was ever started
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         rejected: no attempt of the node at place 1 was ever started
      slot n             > release slot n#1
      slot n#2           > release slot n#2
      cancel             + cancel requested, > stop x#1
      deadline           + run timed out, > stop x#1
      pause              + paused
      resume             noted
      crash              + recovered, epoch 2, + lost x#1, + started x#2, > start x#2
      rerun              rejected: the run is not over yet
      rerun n            rejected: the run is not over yet
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
      overtime n         rejected: the run has not started
      slot n             rejected: the run has not started
      slot n#2           rejected: the run has not started
      cancel             rejected: the run has not started
      deadline           rejected: the run has not started
      pause              rejected: the run has not started
      resume             rejected: the run has not started
      crash              rejected: the run has not started
      rerun              rejected: the run has not started
      rerun n            rejected: the run has not started
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
      overtime n         rejected: the run is over
      slot n             rejected: the run is over
      slot n#2           rejected: the run is over
      cancel             rejected: the run is over
      deadline           rejected: the run is over
      pause              rejected: the run is over
      resume             rejected: the run is over
      crash              rejected: the run is over
      rerun              rejected: no node of the run failed or was left undone
      rerun n            + once more: n, + started n#2.1, > start n#2.1
    ");
}

#[test]
fn an_attempt_that_is_not_the_current_one_is_late_in_every_state_that_has_one() {
    for (state, drawing, script) in STATES.iter().filter(|state| has_attempt(state.0)) {
        for event in ["object n#7 o passed", "ok n#7", "done n#7", "fail n#7", "stopped n#7"] {
            assert_eq!(cell(state, drawing, script, event), "+ late n#7", "{state}: {event}");
        }
        for event in ["timeout n#7", "retry n#7", "overtime n#7.1"] {
            assert_eq!(cell(state, drawing, script, event), "noted", "{state}: {event}");
        }
    }
}

/// Whether the node has been started in this state of it, in a run that is open.
fn has_attempt(state: &str) -> bool {
    ["working", "waiting", "passed", "failed", "due again", "asking again", "held"].contains(&state)
}
