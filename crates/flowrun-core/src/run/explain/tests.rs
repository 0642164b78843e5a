use std::sync::Arc;

use super::{ExplainedState, Explainer};
use crate::RunPolicy;
use crate::run::tests::{Play, going_on, plan};

/// What is said of each node after so many records, or after the last one.
fn said(play: &Play, at: Option<usize>) -> Vec<String> {
    let explanation = explainer(play, at).explain();
    explanation.nodes.into_iter().map(|node| node.text).collect()
}

fn explainer(play: &Play, at: Option<usize>) -> Explainer {
    let mut explainer = Explainer::new(Arc::clone(play.run.plan()), play.run.spec().clone());
    for (time, record) in play.journal.iter().take(at.unwrap_or(usize::MAX)) {
        explainer.note(*time, record).unwrap();
    }
    explainer
}

fn of(drawing: &str, script: &str) -> Play {
    let mut play = Play::new(drawing);
    play.play(script);
    play
}

#[test]
fn a_skipped_node_names_the_comparison_and_a_chain_leads_back_to_it() {
    let drawing = "probe a {score >= 80} -> slack yes [true], a -> slack no [false], no -> scan z";
    let good = of(drawing, r#"0 start; 1 object a x passed {"type":"probe","score":90}; 2 done a; 3 ok yes"#);
    assert_eq!(
        said(&good, None),
        [
            "`a` started (record 2) with the run. It passed (record 5).",
            "`yes` started (record 6) because object `x` of `a` went to true (record 4): score is 90.0, which is >= \
             80.0. It passed (record 9).",
            "`no` was skipped (record 7): object `x` of `a` did not go to false (record 4): score is 90.0, which is \
             >= 80.0.",
            "`z` was skipped (record 8): `no` above it was skipped (record 7).",
        ]
    );
    let explainer = explainer(&good, None);
    let chain = explainer.chain(good.node("z"));
    assert_eq!(chain, [good.node("z"), good.node("no")]);
}

#[test]
fn of_several_comparisons_those_are_named_that_decided() {
    let drawing = "probe a {up == 1} {score >= 80} -> slack yes [true]";
    // `and` is how conditions without a joiner read.
    let play = of(
        drawing,
        r#"0 start; 1 object a x passed {"type":"probe","up":1,"score":7}
        ; 1 object a y passed {"type":"probe","score":9}; 2 done a"#,
    );
    let [_, yes] = &said(&play, None)[..] else { panic!("two nodes") };
    assert_eq!(
        yes,
        "`yes` was skipped (record 8): none of 2 objects of `a` went to true, the first of them `x` (record 5): \
         score is 7.0, which is not >= 80.0."
    );
    let yes = explainer(&play, None).explain_node(play.node("yes"));
    let shown = serde_json::to_value(&yes.edges[0]).unwrap();
    assert_eq!(shown["taken"], false);
    assert_eq!(
        shown["why"]["objects"][0]["comparisons"][1],
        serde_json::json!({
            "comparison": {"key": "score", "operator": ">=", "seen":
                {"state": "compared", "left": {"number": 7.0}, "right": {"number": 80.0}, "holds": false}},
            "decisive": true,
        })
    );
    // Not needed for the answer, and told all the same: both failed.
    assert_eq!(shown["why"]["objects"][1]["comparisons"][1]["decisive"], true);
    assert_eq!(shown["why"]["objects"][1]["comparisons"][0]["decisive"], true);
}

#[test]
fn every_way_an_edge_can_die_has_its_words() {
    let null = of("probe a {score >= 80} -> slack n [null], a -> slack t [true]", "0 start; 1 done a");
    assert_eq!(
        said(&null, None)[1..],
        [
            "`n` was skipped (record 5): it stands below the conditions of `a`, and its `start_if` is null.",
            "`t` was skipped (record 4): `a` above it ended without an object for its conditions (record 3).",
        ]
    );
    let empty = of("empty a -> scan b", "0 start");
    assert_eq!(
        said(&empty, None),
        [
            "`a` has no task and ends its branch (record 2).",
            "`b` was skipped (record 3): `a` above it is empty (record 2).",
        ]
    );
    let given_up = of(
        "test a {score >= 80} -> slack t [true]",
        r#"0 start; 1 object a x incomplete {"type":"test","status":"incomplete"}; 2 done a"#,
    );
    assert_eq!(
        said(&given_up, None)[1],
        "`t` was skipped (record 6): object `x` of `a` did not go to true (record 4): a test that was given up \
         goes to neither side."
    );
    let unreadable = of("probe a {lost >= 80} -> slack t [true]", "0 start; 1 object a x passed; 2 done a");
    assert_eq!(
        said(&unreadable, None)[1],
        "`t` was skipped (record 6): object `x` of `a` did not go to true (record 4): lost >= … counts as false: \
         no such data key."
    );
}

#[test]
fn what_waits_says_for_what() {
    let mut play = Play::with_policy(
        "scan a (retries 2) -> scan c, scan b -> scan c",
        RunPolicy::default().max_concurrent(1),
    );
    assert_eq!(
        said(&play, None),
        [
            "`a` has not started: the run has not begun.",
            "`c` has not started: the run has not begun.",
            "`b` has not started: the run has not begun.",
        ]
    );
    play.play("0 start");
    assert_eq!(
        said(&play, None),
        [
            "`a` started (record 2) with the run. It is at work, attempt 1 (record 2).",
            "`c` has not started: it waits for `a`, `b`.",
            "`b` has not started: 1 attempt of the run may be at work at a time (`max_concurrent`), and is.",
        ]
    );
    play.play("1 pause; 2 fail a transient");
    assert_eq!(
        said(&play, None)[0],
        "`a` started (record 2) with the run. It waits (record 5): the attempt before failed, for a reason that \
         may pass; attempt 2 starts at 1970-01-01 00:00:02.897396."
    );
    assert_eq!(said(&play, None)[2], "`b` has not started: the run is paused (record 4).");
    play.play("9 resume; 9 retry a#2; 10 ok b; 11 ok a#2");
    assert_eq!(
        said(&play, None)[0],
        "`a` started (record 2) with the run. It passed (record 11): after an attempt that had failed. Attempts \
         before: 1 failed, for a reason that may pass (record 5)."
    );
    assert_eq!(
        said(&play, None)[1],
        "`c` started (record 12) because `a` above it passed (record 11); `b` above it passed (record 9). It is at \
         work, attempt 1 (record 12)."
    );
}

#[test]
fn a_run_that_stopped_says_what_stopped_it() {
    let play = of("scan a -> scan c, scan b -> scan d", "0 start; 1 fail a permanent no answer; 2 ok b");
    assert_eq!(
        said(&play, None),
        [
            "`a` started (record 2) with the run. It failed (record 5): its last line is \"no answer\" (record 4).",
            "`c` never had its turn: `a` had failed (record 5), which ends this run (`end_on_fail`).",
            "`b` started (record 3) with the run. It passed (record 6).",
            "`d` never had its turn: `a` had failed (record 5), which ends this run (`end_on_fail`).",
        ]
    );
    let explainer = explainer(&play, None);
    assert_eq!(
        explainer.explain().run.text,
        "The run failed (record 7). Nothing new started once `a` had failed (record 5), which ends this run \
         (`end_on_fail`). Failed: `a`."
    );
    assert_eq!(explainer.chain(play.node("d")), [play.node("d"), play.node("a")]);

    let cancelled = of("scan a -> scan c", "0 start; 1 cancel; 2 stopped a");
    assert_eq!(
        said(&cancelled, None),
        [
            "`a` started (record 2) with the run. It failed (record 5): its last line is \"cancelled\" (record 4).",
            "`c` never had its turn: the run was cancelled (record 3).",
        ]
    );
}

#[test]
fn objects_that_failed_are_named_with_their_records() {
    let play = of("scan a", "0 start; 1 object a x failed; 1 object a y working; 2 done a");
    assert_eq!(
        said(&play, None),
        [
            "`a` started (record 2) with the run. It failed (record 6): its object `x` failed (record 3); it ended \
             with 1 object still working; its last line is \"ended with objects still working\" (record 5).",
        ]
    );
}

#[test]
fn an_earlier_record_tells_of_the_run_as_it_was_then() {
    let play = of("scan a -> scan b", "0 start; 1 ok a; 2 ok b");
    let states = |at| {
        let nodes = explainer(&play, Some(at)).explain().nodes;
        nodes.into_iter().map(|node| node.state).collect::<Vec<_>>()
    };
    use ExplainedState::{Passed, Queued, Working};
    assert_eq!(
        (0..=5).map(states).collect::<Vec<_>>(),
        [
            [Queued, Queued],
            [Queued, Queued],
            [Working, Queued],
            [Passed, Queued],
            [Passed, Working],
            [Passed, Passed]
        ]
    );
    assert_eq!(said(&play, Some(3))[1], "`b` has not started: it is next.");
}

#[test]
fn a_visit_that_follows_is_explained_by_its_own_records() {
    let mut play = Play::of(plan("probe a {score >= 80} -> slack t [true]"), going_on());
    play.play(r#"0 start; 1 object a x passed {"type":"probe","score":7}; 2 done a"#);
    assert!(said(&play, None)[1].contains("score is 7.0, which is not >= 80.0"));
    play.play(r#"3 rerun a; 4 object a#2.1 x passed {"type":"probe","score":90}; 5 done a#2.1"#);
    assert_eq!(
        said(&play, None),
        [
            "`a` started once more (visit 2) (record 9) with the run. It passed (record 12).",
            "`t` started (record 13) because object `x` of `a` went to true (record 11): score is 90.0, which is >= \
             80.0. It is at work, attempt 1 (record 13).",
        ]
    );
}

#[test]
fn a_node_below_one_that_ended_the_run_before_is_told_so_when_others_are_done_again() {
    let mut play = Play::new("scan a -> scan b, scan c -> scan b");
    play.play("0 start; 1 fail a; 2 ok c; 3 rerun c; 4 ok c#2.1");
    assert_eq!(
        said(&play, None)[1],
        "`b` started (record 10) because `c` above it passed (record 9). It is at work, attempt 1 (record 10)."
    );
    let b = explainer(&play, None).explain_node(play.node("b"));
    assert_eq!(b.edges[0].taken, Some(false));
    assert_eq!(
        serde_json::to_value(&b.edges[0].why).unwrap(),
        serde_json::json!({"reason": "stopped", "stop": {"by": "node_failed", "node": "a", "record": 4}})
    );
}
