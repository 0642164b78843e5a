//! What a node is handed: entries, facts and resources.

use super::Play;
use super::play::{attempt, second};
use crate::{Event, ObjectEntry, ObjectReport, Outcome, Report};

const SCANNED: &str = r#"0 start
    ; 1 object a s1 passed {"type":"scan","page":{"id":"p1","page_url":"https://a.example/1"}}
    ; 1 object a s2 passed {"type":"scan","page":{"id":"p2","page_url":"https://a.example/2"}}
    ; 1 object a s3 passed {"type":"scan","page":{"id":"p1","page_url":"https://a.example/1"}}
    ; 2 done a"#;

/// The executor of `node` reports the entry as JSON.
fn report(play: &mut Play, node: &str, entry: &str) {
    let entry: ObjectEntry = serde_json::from_str(entry).unwrap();
    let reports = vec![ObjectReport { entry, facts: None }];
    let node = play.node(node);
    play.handle(second(1), Event::Reported { node, attempt: attempt(1), report: Report::Objects(reports) });
}

#[test]
fn receivers_are_handed_entries_that_start_anew_with_their_unknown_keys() {
    let mut play = Play::new("scan a -> slack b");
    play.play("0 start");
    report(&mut play, "a", r#"{"parent":"p","id":"o","status":"passed","note":1e2}"#);
    play.play("2 done a");
    insta::assert_snapshot!(play.entries("a"), @r#"{"parent":"p","id":"o","source_id":"o","track_id":"o","status":"passed","note":1e2}"#);
    insta::assert_snapshot!(play.entries("b"), @r#"{"parent":"p","id":"o","source_id":"o","track_id":"o","status":"working","note":1e2}"#);
}

#[test]
fn below_conditions_an_entry_is_rebuilt_from_its_five_keys_with_a_fresh_parent() {
    let entries = || {
        let mut play = Play::new("probe a {score >= 80} -> slack b [false]");
        play.play("0 start");
        report(&mut play, "a", r#"{"parent":"p","id":"o","status":"passed","note":1e2}"#);
        report(&mut play, "a", r#"{"parent":"p","id":"q","status":"passed"}"#);
        play.play("2 done a");
        play.entries("b")
    };
    insta::assert_snapshot!(entries(), @r#"
    {"parent":"76af1226-57bf-5e10-b099-2e06c30b4de6","id":"o","source_id":"o","track_id":"o","status":"working"}
    {"parent":"74c58de0-a0be-5d9b-814d-8000fc04e816","id":"q","source_id":"q","track_id":"q","status":"working"}
    "#);
    assert_eq!(entries(), entries(), "the fresh parents follow from run, node and track_id");
}

#[test]
fn chains_of_receivers_carry_the_entries_and_their_facts() {
    let mut play = Play::new("scan a -> slack b -> email c");
    play.play(SCANNED);
    play.play("3 ok b");
    let task = play.run.task(play.node("c"), attempt(1));
    let facts = task.objects()[0].facts.as_ref().unwrap();
    assert_eq!((facts.kind(), play.handed("c", 1)), ("scan", vec!["s1".into(), "s2".into(), "s3".into()]));
}

#[test]
fn at_a_join_the_first_entry_of_a_track_stays_in_the_order_of_the_edges() {
    let mut play = Play::new("scan a, scan b, b -> slack j, a -> j");
    play.play("0 start");
    report(&mut play, "a", r#"{"parent":"of a","id":"1","track_id":"t","status":"passed"}"#);
    report(&mut play, "a", r#"{"parent":"of a","id":"2","track_id":"u","status":"passed"}"#);
    report(&mut play, "b", r#"{"parent":"of b","id":"3","track_id":"t","status":"passed"}"#);
    play.play("2 done a; 3 done b");
    insta::assert_snapshot!(play.entries("j"), @r#"
    {"parent":"of b","id":"3","source_id":"3","track_id":"t","status":"working"}
    {"parent":"of a","id":"2","source_id":"2","track_id":"u","status":"working"}
    "#);
}

#[test]
fn a_root_receiver_is_handed_the_run_itself() {
    let mut play = Play::new("slack a");
    play.play("0 start");
    insta::assert_snapshot!(play.entries("a"), @r#"{"parent":"07070707-0707-0707-0707-070707070707","id":"07070707-0707-0707-0707-070707070707","source_id":"07070707-0707-0707-0707-070707070707","track_id":"07070707-0707-0707-0707-070707070707","status":"working"}"#);
    let task = play.run.task(play.node("a"), attempt(1));
    insta::assert_snapshot!(task.objects()[0].facts.as_ref().unwrap().attributes(), @r#"{"flow":{"id":"f"},"id":"07070707-0707-0707-0707-070707070707","site":{"id":"site","site_url":"https://a.example"},"status":"working","title":"Drawn","type":"flowrun"}"#);
}

#[test]
fn issue_and_report_start_without_entries_and_an_issue_is_given_the_objects_above() {
    let mut play = Play::new("scan a -> issue i, a -> report r");
    play.play(SCANNED);
    assert_eq!((play.entries("i"), play.entries("r")), (String::new(), String::new()));
    assert_eq!(play.handed("i", 1), ["s1", "s2", "s3"]);
    assert!(play.handed("r", 1).is_empty());
}

#[test]
fn the_pages_of_one_parent_are_handed_on_as_they_are() {
    let mut play = Play::new("scan a -> scan b");
    play.play(SCANNED);
    assert_eq!(play.resources("b"), ["p1", "p2", "p1"]);
}

#[test]
fn of_further_parents_only_new_pages_are_added() {
    let mut play = Play::new("scan a -> scan j, scan b -> j");
    play.play(SCANNED);
    play.play(
        r#"3 object b s4 passed {"type":"scan","page":{"id":"p3","page_url":"https://a.example/3"}}
        ; 3 object b s5 passed {"type":"scan","page":{"id":"p3","page_url":"https://a.example/3"}}
        ; 3 object b s6 passed {"type":"test","page":{"id":"p2","page_url":"https://a.example/2"}}
        ; 4 done b"#,
    );
    assert_eq!(play.resources("j"), ["p1", "p2", "p1", "p3"]);
}

#[test]
fn a_parent_that_failed_hands_on_the_site_and_then_the_site_alone() {
    let mut play = Play::going_on("scan a -> scan j, scan b -> j");
    play.play(SCANNED);
    play.play("3 fail b");
    assert_eq!(play.resources("j"), ["site"]);
}

#[test]
fn a_parent_with_conditions_hands_on_the_site() {
    let mut play = Play::new("scan a -> scan j, probe b {score >= 80} -> j [true]");
    play.play(SCANNED);
    play.play(r#"3 object b o passed {"type":"probe","score":90}; 4 done b"#);
    assert_eq!(play.resources("j"), ["site"]);
}

#[test]
fn pages_come_from_the_kind_of_each_object_whatever_carries_it() {
    let mut play = Play::new("scan a -> slack s -> scan b");
    play.play(SCANNED);
    play.play("3 ok s");
    assert_eq!(play.resources("b"), ["p1", "p2", "p1"], "a receiver carries scans");
    for kind in ["caserun", "report", "issue", "probe"] {
        let mut play = Play::new("case a -> scan b");
        play.play(&format!(
            r#"0 start; 1 object a o passed {{"type":"{kind}","page":{{"id":"p","page_url":"u"}}}}; 2 done a"#
        ));
        assert_eq!(play.resources("b"), ["site"], "{kind}");
    }
}

#[test]
fn an_object_of_the_whole_site_hands_on_the_site_and_any_other_leaves_the_pages() {
    for (kind, expected) in [("caserun", "site"), ("report", "site"), ("issue", "p")] {
        let mut play = Play::new("scan a -> scan b");
        play.play(&format!(
            r#"0 start; 1 object a s passed {{"type":"scan","page":{{"id":"p","page_url":"u"}}}}
            ; 1 object a o passed {{"type":"{kind}"}}; 2 done a"#
        ));
        assert_eq!(play.resources("b"), [expected], "{kind}");
    }
}

#[test]
fn a_parent_without_entries_hands_on_the_site() {
    let mut play = Play::new("scan a -> scan b");
    play.play("0 start; 1 done a");
    assert_eq!(play.resources("b"), ["site"]);
}

#[test]
fn a_placeholder_that_finds_its_object_keeps_its_place() {
    let mut play = Play::new("scan a");
    play.play("0 start");
    report(
        &mut play,
        "a",
        r#"{"parent":"p1","id":null,"source_id":"p1","track_id":"k1","status":"working"}"#,
    );
    report(
        &mut play,
        "a",
        r#"{"parent":"p2","id":null,"source_id":"p2","track_id":"k2","status":"working"}"#,
    );
    report(&mut play, "a", r#"{"parent":"p1","id":"s1","source_id":"s1","track_id":"k1","status":"passed"}"#);
    insta::assert_snapshot!(play.entries("a"), @r#"
    {"parent":"p1","id":"s1","source_id":"s1","track_id":"k1","status":"passed"}
    {"parent":"p2","id":null,"source_id":"p2","track_id":"k2","status":"working"}
    "#);
    let (node, attempt) = (play.node("a"), attempt(1));
    play.handle(second(9), Event::AttemptEnded { node, attempt, outcome: Outcome::Done });
    assert!(play.log().contains("ended with objects still working"));
}

#[test]
fn an_entry_made_in_code_without_a_track_gets_the_one_it_would_be_read_with() {
    let mut play = Play::new("scan a");
    play.play("0 start");
    let mut entry = ObjectEntry::new("p", "o");
    (entry.id, entry.source_id, entry.track_id) = (None, None, None);
    let reports = vec![ObjectReport { entry, facts: None }];
    let node = play.node("a");
    play.handle(second(1), Event::Reported { node, attempt: attempt(1), report: Report::Objects(reports) });
    insta::assert_snapshot!(play.entries("a"), @r#"{"parent":"p","id":null,"source_id":null,"track_id":"legacy:p","status":"working"}"#);
}
