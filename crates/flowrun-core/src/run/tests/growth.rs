//! How long a journal becomes whatever an executor says, and whoever asks for whatever.

use super::Play;
use super::play::second;
use crate::{
    Attempt, Event, Facts, ObjectEntry, ObjectReport, ObjectStatus, Outcome, Report, RetryPolicy, RunPolicy,
};

const TIMES: usize = 100_000;

/// A run at work on one node, and how long its journal was when it started.
fn started(policy: RunPolicy) -> (Play, usize) {
    let mut play = Play::with_policy("scan a", policy.max_objects(100).max_log_lines(100));
    play.play("0 start");
    let lines = play.journal.len();
    (play, lines)
}

fn say(play: &mut Play, report: Report) {
    let node = play.node("a");
    play.handle(second(1), Event::Reported { node, attempt: Attempt::FIRST, report });
}

fn objects(number: usize, status: ObjectStatus, score: Option<usize>) -> Report {
    let facts = score.map(|score| Facts::new(serde_json::json!({"type": "scan", "score": score})));
    let entry = ObjectEntry::new("p", number.to_string()).with_status(status);
    Report::Objects(vec![ObjectReport { entry, facts }])
}

/// How long the journal becomes by what is said, and the lines of its log.
fn grows(say_it: impl Fn(&mut Play)) -> (usize, String) {
    let (mut play, before) = started(RunPolicy::default());
    say_it(&mut play);
    let replayed = play.replayed();
    assert_eq!(play.run.to_json(), replayed.to_json());
    (play.journal.len() - before, play.log())
}

#[test]
fn objects_past_the_limit_are_counted_and_told_of_once() {
    let (lines, log) = grows(|play| {
        (0..TIMES).for_each(|number| say(play, objects(number, ObjectStatus::Passed, None)));
        play.play("2 done a");
    });
    // A record and a line for the first one too many, a line that says how many, the end of the node and the run.
    assert_eq!(lines, 100 + 2 + 1 + 2, "{log}");
    assert!(log.contains("a: more than 100 objects: 99900 were dropped\n"), "{log}");
    assert!(log.ends_with("flowrun completed with status: ❌ FAILED\n"), "{log}");
}

#[test]
fn objects_past_the_limit_in_one_report_are_not_stored() {
    let (mut play, before) = started(RunPolicy::default());
    let entry = |number: usize| ObjectEntry::new("p", number.to_string()).with_status(ObjectStatus::Passed);
    // Each of them twice: what is known is no object too many.
    let all = (0..2_000).flat_map(|number| [entry(number), entry(number)]);
    let all = all.map(|entry| ObjectReport { entry, facts: None }).collect();
    say(&mut play, Report::Objects(all));
    let told = play.journal[before..].iter().map(|(_, record)| {
        if let crate::Record::Objects { objects, .. } = record { objects.len() } else { 0 }
    });
    assert!(told.sum::<usize>() <= 202);
    assert_eq!(play.run.objects(play.node("a")).len(), 100);
    assert!(play.play("2 done a").contains("more than 100 objects: 3800 were dropped"));
}

#[test]
fn saying_the_same_again_is_no_line() {
    let (lines, log) = grows(|play| {
        for _ in 0..TIMES {
            say(play, objects(1, ObjectStatus::Passed, Some(7)));
            say(play, objects(1, ObjectStatus::Working, None));
            say(play, Report::Objects(Vec::new()));
        }
        play.play("2 done a");
    });
    assert_eq!(lines, 3, "{log}");
    assert!(log.ends_with("PASSED\n"), "{log}");
}

#[test]
fn objects_that_never_come_to_rest_fail_their_node() {
    let (lines, log) = grows(|play| {
        (0..TIMES).for_each(|score| say(play, objects(1, ObjectStatus::Passed, Some(score))));
        play.play("2 done a");
    });
    assert_eq!(lines, 1_600 + 2 + 1 + 2, "{log}");
    assert!(log.contains("a: more than 1600 reports of objects: 98400 were dropped\n"), "{log}");
    assert!(log.ends_with("FAILED\n"), "{log}");
}

#[test]
fn lines_past_the_limit_are_counted_and_told_of_once() {
    let (lines, log) = grows(|play| {
        (0..TIMES).for_each(|number| say(play, Report::Log(number.to_string())));
        play.play("2 ok a");
        (0..TIMES).for_each(|number| say(play, Report::Log(number.to_string())));
    });
    assert_eq!(lines, 100 + 1 + 1 + 2, "{log}");
    assert!(log.contains("a: more than 100 log lines: 99900 were dropped\n"), "{log}");
}

/// Another node keeps the run open.
#[test]
fn what_comes_late_is_a_line_each_time_it_is_twice_as_much() {
    let mut play = Play::going_on("scan a, scan x");
    play.play("0 start; 1 fail a");
    let before = play.journal.len();
    for number in 0..TIMES {
        say(&mut play, objects(number, ObjectStatus::Passed, None));
        let (node, attempt) = (play.node("a"), Attempt::FIRST);
        play.handle(second(2), Event::AttemptEnded { node, attempt, outcome: Outcome::Passed });
        play.handle(second(2), Event::AttemptStopped { node, attempt });
    }
    // 1, 2, 4, … 262,144 of 300,000.
    assert_eq!(play.journal.len() - before, 19);
    let last = play.journal.last().map(|(_, record)| serde_json::to_string(record).unwrap());
    assert_eq!(last.as_deref(), Some(r#"{"Late":{"node":0,"attempt":1,"count":262144}}"#));
    // The next process goes on from what it knows.
    play.run = play.replayed();
    say(&mut play, objects(1, ObjectStatus::Passed, None));
    assert_eq!(play.journal.len() - before, 19);
}

#[test]
fn each_attempt_has_its_own_limit_and_tells_of_its_own() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let (mut play, _) = started(policy);
    (0..200).for_each(|number| say(&mut play, objects(number, ObjectStatus::Passed, None)));
    let transcript = play.play("2 fail a transient; 3 retry a#2; 3 object a#2 o1 passed; 4 done a#2");
    assert_eq!(transcript.matches("more than 100 objects: 100 were dropped").count(), 1, "{transcript}");
    assert!(transcript.contains("passed a#2"), "{transcript}");
}

#[test]
fn asking_for_the_same_again_is_no_line() {
    let mut play = Play::new("scan a, slack b (on_unknown pause)");
    for (first, again) in
        [("1 pause", "2 pause"), ("3 resume", "4 resume"), ("5 cancel", "6 cancel; 6 pause; 6 resume")]
    {
        play.play(if first == "1 pause" { "0 start" } else { "" });
        play.play(first);
        let before = play.journal.len();
        (0..100).for_each(|_| {
            play.play(again);
        });
        assert_eq!(play.journal.len(), before, "{again}");
    }
}
