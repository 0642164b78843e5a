//! One chain, killed again and again.

use crate::case::Shape;
use crate::chance::Chance;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;
use crate::report::Outcome;

/// Kills runs of twelve nodes, each up to 50 ms after a start, until there were so many kills; each run comes
/// to its end. Most of the kills fall into the first.
pub(crate) async fn cases(stage: &Stage, kills: u32, seed: u64) -> Vec<Outcome> {
    let mut chance = Chance::new(seed);
    let (mut outcomes, mut left) = (Vec::new(), kills);
    while left > 0 {
        let case = format!("chain-{}", outcomes.len());
        let mut place = Place::new(case, Shape::Long, &stage.outside);
        let (mut found, mut child) = (Vec::new(), place.run(&[]));
        loop {
            tokio::time::sleep(chance.up_to_ms(50)).await;
            let is_over = place.kill(child).await.code.is_some();
            found.extend(violations(&place));
            left -= u32::from(!is_over);
            if is_over || left == 0 {
                break;
            }
            child = if has_run(&mut place).await { place.resume(&[]) } else { place.run(&[]) };
        }
        outcomes.push(stage.finish(&mut place, found).await);
    }
    outcomes
}

/// Whether the store holds a run, though the kill may have come before anybody was told of it.
async fn has_run(place: &mut Place<'_>) -> bool {
    if !place.acked.is_empty() {
        return true;
    }
    let child = place.start(&["runs", "list", "--store", "runs.db", "--json"], &[]);
    let listed = place.ended(child).await;
    listed.code == Some(0) && listed.out.contains("\"id\"")
}
