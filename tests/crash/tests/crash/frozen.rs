//! A process that is frozen over the deadline of what it does (C18), and what others may do meanwhile.

use std::time::{Duration, SystemTime};

use flowrun::{Attempt, ErrorClass, JournalLine, NodeIx, Record, Timestamp};

use crate::case::Shape;
use crate::child::Child;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;

/// The node that has a deadline: the second one of its flow.
fn node() -> NodeIx {
    NodeIx::new(1)
}

/// A run whose process is frozen while its webhook waits for an answer, before the deadline.
async fn frozen(stage: &Stage, place: &Place<'_>) -> Child {
    let child = place.run(&[]);
    stage.outside.effect_of(&place.case, "2").await;
    child.signal("STOP");
    let at_work = place.journal().iter().all(|line| !is_end(&line.record, Attempt::FIRST));
    assert!(at_work, "frozen too late: the attempt is over");
    child
}

/// Whether the record ends that attempt of the node, in whatever way.
fn is_end(record: &Record, attempt: Attempt) -> bool {
    match record {
        Record::RetryScheduled { node: of, attempt: next, .. } => *of == node() && *next == attempt.next(),
        Record::NodeEnded { node: of, attempt: ended, .. }
        | Record::AttemptLost { node: of, attempt: ended } => *of == node() && *ended == attempt,
        _ => false,
    }
}

/// Waits for the deadline that the journal has for the attempt at work.
async fn deadline_passed(place: &Place<'_>) {
    let deadline = place.journal().iter().find_map(|line| match line.record {
        Record::AttemptStarted { node: of, deadline, .. } if of == node() => deadline,
        _ => None,
    });
    let deadline = deadline.expect("the attempt has a deadline");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    let left = deadline.as_micros() + 1 - Timestamp::from_micros(now.as_micros() as i64).as_micros();
    tokio::time::sleep(Duration::from_micros(u64::try_from(left).unwrap_or_default())).await;
}

/// How often attempts of the node ended, the first one by its deadline.
fn ends(lines: &[JournalLine]) -> (usize, usize) {
    let of = |attempt| lines.iter().filter(|line| is_end(&line.record, attempt)).count();
    let timed_out = lines.iter().filter(|line| {
        let by_deadline = matches!(line.record, Record::RetryScheduled { class: ErrorClass::Timeout, .. });
        by_deadline && is_end(&line.record, Attempt::FIRST)
    });
    (timed_out.count(), of(Attempt::FIRST) + of(Attempt::FIRST.next()))
}

fn keys(place: &Place<'_>, node: &str) -> Vec<String> {
    place.effects().into_iter().filter(|effect| effect.node == node).map(|effect| effect.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_frozen_over_a_deadline_ends_the_attempt_once_and_keeps_its_store_meanwhile() {
    let stage = Stage::start().await;
    let mut place = Place::new("frozen", Shape::Stuck, &stage.outside);
    let child = frozen(&stage, &place).await;
    deadline_passed(&place).await;
    let before = place.effects().len();
    for is_new in [false, true] {
        let other = if is_new { place.run(&[]) } else { place.resume(&[]) };
        let refused = place.ended(other).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(4), ""), "{refused:?}");
        let holder = format!("is open already, in process {} ", child.id());
        assert!(refused.said.iter().any(|line| line.contains(&holder)), "{refused:?}");
    }
    assert_eq!(place.effects().len(), before, "somebody was called by who was refused");
    assert_eq!(ends(&place.journal()), (0, 0), "nobody decides for a process that is frozen");

    child.signal("CONT");
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ends(&place.journal()), (1, 2), "{:#?}", place.journal());
    let keys = keys(&place, "2");
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]), "the second attempt says that it repeats the first");
    let found = violations(&place);
    let outcome = stage.finish(&mut place, found).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
}

/// The answer and the deadline have both come when the process goes on: one of them counts.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_came_while_frozen_over_the_deadline_ends_the_attempt_once() {
    let stage = Stage::start().await;
    let mut place = Place::new("answered", Shape::Answered, &stage.outside);
    let child = frozen(&stage, &place).await;
    deadline_passed(&place).await;
    child.signal("CONT");
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (timed_out, ends) = ends(&place.journal());
    assert_eq!(ends, timed_out + 1, "{:#?}", place.journal());
    let keys = keys(&place, "2");
    assert_eq!(keys.len(), timed_out + 1);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(violations(&place), Vec::<String>::new());
}

/// Whoever takes the lock away from a process that is not dead takes the store away from it too.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_process_whose_store_was_taken_over_writes_nothing_any_more() {
    let stage = Stage::start().await;
    let mut place = Place::new("fenced", Shape::Stuck, &stage.outside);
    let child = frozen(&stage, &place).await;
    std::fs::remove_file(place.lock()).expect("the lock is a file beside the store");
    let other = place.resume(&[]);
    let other = place.ended(other).await;
    assert_eq!(other.code, Some(0), "{other:?}");
    let taken_over = place.journal();
    let effects = place.effects().len();

    child.signal("CONT");
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let told = "the store was opened by somebody else";
    assert!(ended.said.iter().any(|line| line.contains(told)), "{ended:?}");
    assert_eq!(format!("{:?}", place.journal()), format!("{taken_over:?}"));
    assert_eq!(place.effects().len(), effects, "it called somebody after it had lost the store");
    let keys = keys(&place, "2");
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    // An owner that lost its store is to the run what one that died is.
    place.kills += 1;
    let found = violations(&place);
    let outcome = stage.finish(&mut place, found).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
}
