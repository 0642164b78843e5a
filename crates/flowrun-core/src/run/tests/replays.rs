//! Journals that no run has written.

use std::sync::Arc;

use proptest::prelude::*;

use super::play::{Play, attempt, second, spec};
use super::properties::plan;
use crate::{
    Attempt, ErrorClass, Event, NodeIx, NodeStatus, ObjectEntry, ObjectReport, ObjectStatus, Record, Rerun,
    Run, RunStatus,
};

/// A few nodes, one of them of no flow; a few attempts.
fn node() -> impl Strategy<Value = NodeIx> {
    (0..9_usize).prop_map(NodeIx::new)
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    (1..3_u32, any::<bool>()).prop_map(
        |(number, again)| {
            if again { Attempt::FIRST.next_visit() } else { attempt(number) }
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    let pair = || (node(), any_attempt());
    let object = |id: u8| {
        let entry = ObjectEntry::new("p", id.to_string()).with_status(ObjectStatus::Passed);
        ObjectReport { entry, facts: None }
    };
    let objects = proptest::collection::vec((0..3_u8).prop_map(object), 0..3);
    let status = proptest::sample::select(vec![NodeStatus::Passed, NodeStatus::Failed, NodeStatus::Working]);
    prop_oneof![
        1 => Just(Record::RunStarted),
        6 => pair().prop_map(|(node, attempt)| Record::AttemptStarted {
            node,
            attempt,
            deadline: None,
            possible_duplicate: false,
        }),
        2 => pair().prop_map(|(node, attempt)| Record::NodeDue { node, attempt }),
        2 => pair().prop_map(|(node, attempt)| Record::SlotRequested { node, attempt }),
        2 => pair().prop_map(|(node, attempt)| Record::AttemptLost { node, attempt }),
        2 => pair().prop_map(|(node, attempt)| Record::NodeHeld { node, attempt }),
        1 => pair().prop_map(|(node, attempt)| Record::Late { node, attempt, count: 1 }),
        2 => pair().prop_map(|(node, attempt)| Record::RetryScheduled {
            node,
            attempt,
            class: ErrorClass::Transient,
            not_before: second(9),
        }),
        6 => (pair(), status).prop_map(|((node, attempt), status)| Record::NodeEnded {
            node,
            attempt,
            status,
            flaky: false,
        }),
        1 => node().prop_map(|node| Record::NothingToSend { node }),
        2 => (node(), any::<bool>()).prop_map(|(node, finalized)| Record::EmptyReached { node, finalized }),
        2 => node().prop_map(|node| Record::NodeSkipped { node }),
        2 => (node(), objects).prop_map(|(node, objects)| Record::Objects { node, objects: objects.into() }),
        1 => node().prop_map(|node| Record::Logged { node, message: "a line".into() }),
        2 => (node(), 0..3_u32, any::<Option<bool>>()).prop_map(|(node, entry, side)| Record::Judged {
            node,
            entry,
            side,
            evaluation: None,
        }),
        1 => Just(Record::CancelRequested),
        1 => Just(Record::RunTimedOut),
        1 => Just(Record::Paused),
        1 => Just(Record::Resumed),
        1 => Just(Record::Recovered { epoch: 2 }),
        2 => (proptest::collection::vec(node(), 0..9), proptest::collection::vec(node(), 0..3)).prop_map(
            |(nodes, keeping)| Record::Rerun { nodes: nodes.into(), keeping: keeping.into() },
        ),
        2 => node().prop_map(|step| Record::RunEnded { status: RunStatus::Failed, step }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn records_that_do_not_fit_are_refused_and_those_that_do_never_harm(
        plan in plan(),
        slots in any::<bool>(),
        records in proptest::collection::vec(record(), 0..120),
    ) {
        let spec = spec();
        let policy = spec.policy.clone().slots(slots).max_concurrent(2);
        let mut run = Run::new(Arc::clone(&plan), spec.policy(policy));
        run.apply(second(0), &Record::RunStarted).unwrap();
        for (time, record) in (1..).zip(&records) {
            // Most do not fit; the run stays as it was then, and takes the next one that does.
            let _ = run.apply(second(time), record);
        }
        assert!(run.to_json().starts_with("{"));
        let what = if run.is_over() {
            Event::RerunRequested(Rerun::From(plan.node_id(NodeIx::new(0)).into_owned()))
        } else {
            Event::Recovered { epoch: 3 }
        };
        prop_assert!(run.handle(second(200), what).is_ok());
        let _ = run.handle(second(201), Event::ResumeRequested);
        let _ = run.handle(second(202), Event::CancelRequested);
        assert!(run.to_json().starts_with("{"));
    }
}

#[test]
fn the_first_record_that_does_not_fit_is_named() {
    let mut play = Play::new("scan a -> scan b");
    play.play("0 start; 1 ok a");
    let replay = |journal: &[(crate::Timestamp, Record)]| {
        let lines = journal.iter().map(|(at, record)| (*at, record));
        Run::replay(Arc::clone(play.run.plan()), spec(), lines)
    };
    assert!(replay(&play.journal).is_ok());
    let mut twice = play.journal.clone();
    twice.extend_from_within(2..3);
    let error = replay(&twice).unwrap_err();
    assert_eq!(error.to_string(), "record 5 of the journal does not fit: the node is not at that attempt");
    let missing = &play.journal[1..];
    assert_eq!(replay(missing).unwrap_err().number, 1);
}

#[test]
fn entries_are_judged_in_their_order_and_only_below_conditions() {
    let judged =
        |play: &Play, entry| Record::Judged { node: play.node("a"), entry, side: None, evaluation: None };
    let why = |play: &mut Play, entry| {
        let record = judged(play, entry);
        play.run.apply(second(2), &record).err().map(|why| why.to_string())
    };
    let objects = "0 start; 1 object a o passed; 1 object a p passed";
    let refused = Some("that entry is not the next one to be judged".to_owned());

    let mut play = Play::new("scan a {score >= 80} -> slack b [true]");
    play.play(objects);
    assert_eq!(why(&mut play, 1), refused, "the first comes first");
    assert_eq!((why(&mut play, 0), why(&mut play, 0)), (None, refused.clone()), "each once");
    assert_eq!((why(&mut play, 1), why(&mut play, 2)), (None, refused.clone()), "there are two");

    let mut play = Play::new("scan a -> slack b");
    play.play(objects);
    assert_eq!(why(&mut play, 0), refused, "there is nothing to judge by");
}
