//! Kills at any moment.

use crate::case::Shape;
use crate::chance::Chance;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;
use crate::report::Outcome;

/// The latest moment of a kill after the start of a process.
const LATEST_MS: u64 = 50;

/// Kills a run, and what goes on with it, up to four times, each up to 50 ms after its start.
pub(crate) async fn case(stage: &Stage, case: String, seed: u64) -> Outcome {
    let mut chance = Chance::new(seed);
    let shapes =
        [Shape::Chain(3), Shape::Chain(11), Shape::FanIn, Shape::Retried, Shape::Failing, Shape::Hanging];
    let mut place = Place::new(case, chance.of(&shapes), &stage.outside);
    let mut found = Vec::new();
    let mut child = place.run(&[]);
    for _ in 1..chance.of(&[1, 2, 3, 4]) {
        tokio::time::sleep(chance.up_to_ms(LATEST_MS)).await;
        place.kill(child).await;
        found.extend(violations(&place));
        child = place.resume(&[]);
    }
    tokio::time::sleep(chance.up_to_ms(LATEST_MS)).await;
    place.kill(child).await;
    found.extend(violations(&place));
    stage.finish(&mut place, found).await
}
