//! Rows of the crash matrix that are no kills.

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
