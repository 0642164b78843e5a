//! Rows of the crash matrix that are no kills.

use std::time::Duration;

use crate::case::Shape;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;

/// C19: the second process is refused, and calls nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused_and_does_nothing() {
    let stage = Stage::start().await;
    let mut place = Place::new("two", Shape::Hanging, &stage.outside);
    let first = place.run(&[]);
    stage.outside.effect_of("two", "2").await;
    for second in [place.run(&[]), place.resume(&[])] {
        let refused = place.ended(second).await;
        assert_eq!((refused.code, refused.out.as_str()), (Some(4), ""), "{refused:?}");
        assert!(refused.said.iter().any(|line| line.contains("is open already, in process")), "{refused:?}");
    }
    assert_eq!(place.effects().len(), 1);
    place.kill(first).await;
    let found = violations(&place);
    let outcome = stage.finish(&mut place, found).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("cancelled", Vec::new()));
}

/// C18: a process that is frozen over its deadlines goes on as if it had been slow, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_process_goes_on_and_repeats_nothing_that_is_done() {
    let stage = Stage::start().await;
    let mut place = Place::new("frozen", Shape::Chain(3), &stage.outside);
    let child = place.run(&[]);
    stage.outside.effect_of("frozen", "2").await;
    child.signal("STOP");
    tokio::time::sleep(Duration::from_secs(2)).await;
    child.signal("CONT");
    let ended = place.ended(child).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = violations(&place);
    let outcome = stage.finish(&mut place, found).await;
    assert_eq!((outcome.end.as_str(), outcome.violations), ("passed", Vec::new()));
    assert_eq!(place.effects().len(), 3);
}
