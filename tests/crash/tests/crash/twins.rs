//! The same checks on programs that break a promise: each has to be found out.

use crate::case::Shape;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;

/// Kills a run when `moment` has come, goes on, and gives what was found.
async fn found(stage: &Stage, broken: Option<&str>, case: &str, moment: Moment) -> Vec<String> {
    let vars: Vec<(&str, &str)> = broken.map(|broken| ("FLOWRUN_SABOTAGE", broken)).into_iter().collect();
    let case = format!("{case}-{}", broken.unwrap_or("sound"));
    let mut place = Place::new(case, Shape::Chain(3), &stage.outside);
    let mut child = place.run(&vars);
    match moment {
        Moment::Ack => drop(child.says("is kept in").await),
        Moment::Effect(node) => stage.outside.effect_of(&place.case, node).await,
    }
    place.kill(child).await;
    let mut found = violations(&place);
    if place.store().exists() {
        let child = place.resume(&vars);
        place.ended(child).await;
        found.extend(violations(&place));
    }
    found
}

/// When the run is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// Its start is acknowledged.
    Ack,
    /// A node had its effect.
    Effect(&'static str),
}

/// The broken program is found out by this invariant, and the sound one is not.
async fn found_out(broken: &str, invariant: &str, moment: Moment) {
    let stage = Stage::start().await;
    let sound = found(&stage, None, broken, moment).await;
    assert!(sound.is_empty(), "{sound:#?}");
    let found = found(&stage, Some(broken), broken, moment).await;
    assert!(found.iter().any(|what| what.starts_with(invariant)), "{invariant} is not among {found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_before_its_intent_is_found_out() {
    found_out("intent", "I5", Moment::Effect("2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_commit_is_found_out() {
    found_out("ack", "I1", Moment::Ack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_for_each_attempt_is_found_out() {
    found_out("key", "I6", Moment::Effect("2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_attempts_from_one_again_is_found_out() {
    found_out("done", "I6", Moment::Effect("2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeating_what_is_done_is_found_out() {
    found_out("done", "I4", Moment::Effect("3")).await;
}
