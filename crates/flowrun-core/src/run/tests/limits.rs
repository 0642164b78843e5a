//! The ceilings a host sets.

use super::Play;
use super::play::going_on;
use crate::{Attempt, Event, ObjectEntry, ObjectReport, Record, Report, RetryPolicy, RunPolicy, RunStatus};

#[test]
fn objects_over_the_limit_are_dropped_with_one_line_and_fail_the_node() {
    let mut play = Play::with_policy("scan a", RunPolicy::default().max_objects(2));
    let script = "0 start; 1 object a o1 working; 1 object a o2 passed; 1 object a o3 passed; 1 object a o4 passed; \
                  2 object a o1 passed; 3 done a";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a o1 working
      + objects a: o1 working
    1 object a o2 passed
      + objects a: o2 passed
    1 object a o3 passed
      + objects a: o3 passed
      + line a: more than 2 objects: the rest is dropped
    1 object a o4 passed
    2 object a o1 passed
      + objects a: o1 passed
    3 done a
      + line a: more than 2 objects: 2 were dropped
      + failed a#1
      + run failed, closing line at a
      > end
    ");
    insta::assert_snapshot!(play.entries("a"), @r#"
    {"parent":"p","id":"o1","source_id":"o1","track_id":"o1","status":"passed"}
    {"parent":"p","id":"o2","source_id":"o2","track_id":"o2","status":"passed"}
    "#);
}

#[test]
fn a_node_is_not_handed_more_than_it_may_have() {
    for receiver in ["slack", "issue"] {
        let mut play = Play::with_policy(
            &format!("scan a -> {receiver} c, scan b -> c"),
            RunPolicy::default().max_objects(2),
        );
        play.play("0 start; 1 object a o1 passed; 1 object a o2 passed; 2 done a; 3 object b o2 passed");
        play.play("3 object b o3 passed");
        let transcript = play.play("4 done b; 5 done c");
        assert!(transcript.contains("+ line c: more than 2 objects: the rest is dropped"), "{transcript}");
        assert!(transcript.contains("+ failed c#1"), "{transcript}");
        assert_eq!(play.handed("c", 1), ["o1", "o2"]);
    }
}

#[test]
fn lines_over_the_limit_are_dropped_and_the_last_one_says_so() {
    let mut play = Play::with_policy("scan a", RunPolicy::default().max_log_lines(2));
    insta::assert_snapshot!(play.play("0 start; 1 log a 1; 2 log a 2; 3 log a 3; 4 log a 4; 5 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 log a 1
      + line a: 1
    2 log a 2
      + line a: 2
    3 log a 3
      + line a: more than 2 log lines: the rest is dropped
    4 log a 4
    5 ok a
      + line a: more than 2 log lines: 2 were dropped
      + passed a#1
      + run passed, closing line at a
      > end
    ");
    insta::assert_snapshot!(play.log(), @"
    1: system starting up for run_id: 07070707-0707-0707-0707-070707070707
    a: starting job ID: a | job type is [ SCAN ]
    a: 1
    a: 2
    a: more than 2 log lines: the rest is dropped
    a: more than 2 log lines: 2 were dropped
    a: flowrun completed with status: ✅ PASSED
    ");
}

#[test]
fn no_limit_drops_the_line_that_says_why_a_node_ended() {
    let policy =
        RunPolicy::default().max_log_lines(1).retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let mut play = Play::with_policy("scan a", policy);
    let script = "0 start; 1 log a 1; 2 fail a transient busy; 3 retry a#2; 4 log a#2 2; 5 log a#2 3; 6 cancel; 7 stopped a#2";
    insta::assert_snapshot!(play.play(script), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 log a 1
      + line a: 1
    2 fail a transient busy
      + line a: busy
      + transient: a#2 not before 3
      > timer retry a#2 at 3
    3 retry a#2
      + started a#2
      > start a#2
    4 log a#2 2
      + line a: more than 1 log lines: the rest is dropped
    5 log a#2 3
    6 cancel
      + cancel requested
      > stop a#2
    7 stopped a#2
      + line a: cancelled
      + line a: more than 1 log lines: 2 were dropped
      + failed a#2
      + run cancelled, closing line at a
      > end
    ");
}

#[test]
fn a_node_with_a_hundred_thousand_objects_takes_them_one_by_one() {
    let mut play = Play::new("scan a");
    play.play("0 start");
    let node = play.node("a");
    for status in [crate::ObjectStatus::Working, crate::ObjectStatus::Passed] {
        for number in 0..100_000 {
            let entry = crate::ObjectEntry::new("p", number.to_string()).with_status(status);
            let report = crate::Report::Objects(vec![crate::ObjectReport { entry, facts: None }]);
            let event = crate::Event::Reported { node, attempt: crate::Attempt::FIRST, report };
            play.run.handle(super::play::second(1), event).unwrap();
        }
    }
    let entries = play.run.objects(node);
    assert_eq!(entries.len(), 100_000);
    assert!(entries.iter().all(|entry| entry.status == crate::ObjectStatus::Passed));
}

#[test]
fn lines_past_the_last_number_stay_in_their_order() {
    let mut play = Play::new("scan a -> scan b");
    play.run.next_seq = u32::MAX - 1;
    play.play("0 start; 1 log a 1; 2 log a 2; 3 ok a; 4 log b 3; 5 ok b");
    let result = play.run.to_flow_run();
    let messages: Vec<_> =
        result.logs().iter().map(|line| line.message.rsplit(' ').next().unwrap()).collect();
    assert_eq!(messages[1..], ["]", "1", "2", "]", "3", "PASSED"]);
}

/// Two nodes side by side, so that it shows that nobody else notices.
#[test]
fn what_is_larger_than_it_may_be_fails_its_node_and_no_other() {
    let policy = RunPolicy::default().max_facts_bytes(120).max_report_bytes(1_000);
    let facts = |bytes| format!(r#"{{"type":"scan","text":"{}"}}"#, "x".repeat(bytes));
    let mut play = Play::of(super::draw::plan("scan a, scan b, scan c"), going_on().policy(policy));
    play.play("0 start");
    let large = play.play(&format!("1 object a o1 passed {}", facts(100)));
    insta::assert_snapshot!(large.split_once('\n').unwrap().1, @"
      + line a: stopped: object `o1` has more than 120 bytes of facts (`max_facts_bytes`)
      + failed a#1
      > stop a#1
    ");
    let one = |id: usize| ObjectReport { entry: ObjectEntry::new("p", id.to_string()), facts: None };
    let (node, attempt) = (play.node("b"), Attempt::FIRST);
    let report = Report::Objects((0..100).map(one).collect());
    insta::assert_snapshot!(play.handle(super::play::second(2), Event::Reported { node, attempt, report }), @"
      + line b: stopped: a report of 100 objects is larger than 1000 bytes (`max_report_bytes`): report fewer at a time
      + failed b#1
      > stop b#1
    ");
    // What they say afterwards is late, and the third one takes no notice.
    insta::assert_snapshot!(play.play("3 ok a; 3 limit b x; 3 object c o1 passed; 4 ok c"), @"
    3 ok a
      + late a#1
    3 limit b x
    3 object c o1 passed
      + objects c: o1 passed
    4 ok c
      + passed c#1
      + run failed, closing line at c
      > end
    ");
    assert_eq!(play.replayed().status(), RunStatus::Failed);
}

#[test]
fn an_object_may_have_no_larger_entry_than_facts() {
    let policy = RunPolicy::default().max_facts_bytes(200);
    let text = serde_json::value::RawValue::from_string(format!("{:?}", "x".repeat(200))).unwrap();
    for entry in [ObjectEntry::new("p", "x".repeat(200)), ObjectEntry::new("p", "o").with_extra("note", text)]
    {
        let refused = policy.size_of(&[ObjectReport { entry, facts: None }]).unwrap_err().to_string();
        assert!(refused.contains("more than 200 bytes of ids and other keys"), "{refused}");
    }
    let entry = ObjectEntry::new("p", "o");
    let size = serde_json::to_string(&entry).unwrap().len();
    assert_eq!(policy.size_of(&[ObjectReport { entry, facts: None }]), Ok(size));
}

#[test]
fn a_long_line_is_cut_and_tells_how_long_it_was() {
    let mut play = Play::with_policy("scan a", RunPolicy::default().max_line_bytes(64));
    play.play(&format!("0 start; 1 log a {}; 2 fail a permanent {}", "x".repeat(500), "y".repeat(70)));
    let lines = play.log();
    assert!(lines.contains(&format!("a: {}… [cut: 500 bytes]\n", "x".repeat(44))), "{lines}");
    assert!(lines.contains(&format!("a: {}… [cut: 70 bytes]\n", "y".repeat(45))), "{lines}");
}

/// A decision on many objects has room for what it decides; what it compared is left out past that.
#[test]
fn what_conditions_compared_is_recorded_as_far_as_a_decision_has_room() {
    let sides = |policy: RunPolicy| {
        let mut play = Play::with_policy("scan a {score >= 50} -> slack b [true]", policy);
        play.play("0 start");
        for object in 0..20 {
            let facts = format!(r#"{{"type":"scan","score":{}}}"#, 40 + object);
            play.play(&format!("1 object a o{object} passed {facts}"));
        }
        play.play("2 ok a");
        let judged = play.journal.iter().filter_map(|(_, record)| {
            let Record::Judged { side, evaluation: Some(seen), .. } = record else { return None };
            Some((*side, seen.comparisons.len()))
        });
        (judged.collect::<Vec<_>>(), play.handed("b", 1))
    };
    let (all, handed) = sides(RunPolicy::default());
    let (some, handed_too) = sides(RunPolicy::default().max_decision_bytes(1_000));
    assert_eq!(all.iter().map(|(_, seen)| seen).sum::<usize>(), 20);
    assert_eq!(some.iter().map(|(_, seen)| seen).sum::<usize>(), 5);
    assert_eq!(handed, handed_too);
    assert!(all.iter().map(|(side, _)| side).eq(some.iter().map(|(side, _)| side)));
}

#[test]
fn a_receiver_marks_what_it_has_left_as_far_as_a_decision_has_room() {
    let policy = RunPolicy::default().max_decision_bytes(300);
    let mut play = Play::with_policy("scan a -> slack b", policy);
    play.play("0 start");
    (0..9).for_each(|object| drop(play.play(&format!("1 object a o{object} passed"))));
    let transcript = play.play("2 ok a; 3 fail b unknown");
    assert!(
        transcript.contains("5 objects failed without being marked so: a decision has at most 300 bytes"),
        "{transcript}"
    );
    assert_eq!(play.entries("b").matches("failed").count(), 4);
    assert_eq!(play.replayed().status(), RunStatus::Failed);
}
