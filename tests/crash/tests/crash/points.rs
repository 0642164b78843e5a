//! Kills at the places of the crash matrix.

use crate::case::Shape;
use crate::child::Child;
use crate::invariants::violations;
use crate::place::Place;
use crate::play::Stage;
use crate::report::Outcome;

/// What the process does that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum During {
    Run,
    /// Going on with a run that was killed before.
    Resume,
    Cancel,
    Delete,
}

/// How it is known that the place is reached.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The process passes a place of this name for that time, and stops there.
    Passes(&'static str, u32),
    /// The outside has seen an effect of this node.
    Effect(&'static str),
    /// The process says this.
    Says(&'static str),
}

/// A place to kill a process at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Its name in the report, beginning with its row of the crash matrix.
    pub(crate) name: &'static str,
    shape: Shape,
    during: During,
    when: When,
}

const fn passing(name: &'static str, shape: Shape, during: During, place: &'static str, count: u32) -> Point {
    Point { name, shape, during, when: When::Passes(place, count) }
}

/// The places that a process can be killed at. The other rows of the matrix are no kills: errors of the disk
/// (C17), a frozen process (C18), two processes (C19), two engines in one process (C20).
pub(crate) const POINTS: &[Point] = &[
    passing("C0 before the run is stored", Shape::Chain(3), During::Run, "c0", 1),
    passing("C1 stored, not acknowledged", Shape::Chain(3), During::Run, "c1", 1),
    passing("C2 acknowledged", Shape::Chain(3), During::Run, "c2", 1),
    passing("C3 before an intent", Shape::Chain(3), During::Run, "c3_before", 2),
    passing("C3 inside an intent", Shape::Chain(3), During::Run, "c3", 2),
    passing("C3 after an intent", Shape::Chain(3), During::Run, "c3_after", 2),
    passing("C4 intent stored, executor not called", Shape::Chain(3), During::Run, "c4", 2),
    Point {
        name: "C5 request sent, no reply",
        shape: Shape::Chain(3),
        during: During::Run,
        when: When::Effect("2"),
    },
    passing("C6 effect done, result not stored", Shape::Chain(3), During::Run, "c6", 2),
    passing("C7 before a result", Shape::Chain(3), During::Run, "c7_before", 2),
    passing("C7 inside a result", Shape::Chain(3), During::Run, "c7", 2),
    passing("C7 after a result", Shape::Chain(3), During::Run, "c7_after", 2),
    passing("C8 result and next intents stored", Shape::Chain(3), During::Run, "c8", 2),
    passing("C9 the end stored", Shape::Chain(3), During::Run, "c9", 1),
    passing("C10 before a recovery", Shape::Chain(3), During::Resume, "c10", 1),
    passing("C10 inside a recovery", Shape::Chain(3), During::Resume, "c3", 1),
    passing("C10 after a recovery", Shape::Chain(3), During::Resume, "c3_after", 1),
    Point {
        name: "C11 waiting for another attempt",
        shape: Shape::Retried,
        during: During::Run,
        when: When::Says("waits for another attempt"),
    },
    passing("C12 before a cancel", Shape::Hanging, During::Cancel, "c12", 1),
    passing("C12 after a cancel", Shape::Hanging, During::Cancel, "c12_after", 1),
    passing("C13 before a deletion", Shape::Chain(3), During::Delete, "c13_before", 1),
    passing("C13 inside a deletion", Shape::Chain(3), During::Delete, "c13", 1),
    passing("C13 after a deletion", Shape::Chain(3), During::Delete, "c13_after", 1),
    passing("C14 before the log is folded in", Shape::Chain(3), During::Run, "c14", 2),
    passing("C14 after the log is folded in", Shape::Chain(3), During::Run, "c14_after", 2),
    passing("C15 making a store", Shape::Chain(3), During::Run, "c15", 1),
    Point {
        name: "C16 one of two parents done",
        shape: Shape::FanIn,
        during: During::Run,
        when: When::Says("webhook] passed"),
    },
];

/// Kills a process at a point, perhaps twice in a row, and lets the case come to its end.
pub(crate) async fn case(stage: &Stage, case: String, point: Point, is_twice: bool) -> Outcome {
    let mut place = Place::new(case, point.shape, &stage.outside);
    let mut found = Vec::new();
    match point.during {
        During::Run => {}
        During::Resume | During::Cancel => {
            let mut child = place.run(&[]);
            // An effect may be faster than the acknowledgement, which names the run.
            child.says("is kept in").await;
            stage.outside.effect_of(&place.case, "2").await;
            place.kill(child).await;
            found.extend(violations(&place));
        }
        During::Delete => {
            let child = place.run(&[]);
            place.ended(child).await;
        }
    }
    let (kills_before, mut during) = (place.kills, point.during);
    for _ in 0..if is_twice { 2 } else { 1 } {
        let before = place.kills;
        let child = started(&mut place, point, during);
        reach(stage, &mut place, child, point).await;
        found.extend(violations(&place));
        if place.kills == before {
            break;
        }
        if during == During::Run {
            during = During::Resume;
        }
    }
    let outcome = stage.finish(&mut place, found).await;
    // Those that led to the point are not those at the point.
    Outcome { kills: outcome.kills - kills_before, ..outcome }
}

fn started(place: &mut Place<'_>, point: Point, during: During) -> Child {
    let at = match point.when {
        When::Passes(name, count) => format!("{name}:{count}"),
        When::Effect(_) | When::Says(_) => "nowhere:1".to_owned(),
    };
    // Else only thousands of decisions let the store fold its log in.
    let vars = [("FLOWRUN_KILL_AT", at.as_str()), ("FAILPOINTS", "c14_often=return")];
    let vars = if at.starts_with("c14") { &vars[..] } else { &vars[..1] };
    match during {
        During::Run => place.run(vars),
        During::Resume => place.resume(vars),
        During::Cancel => place.start(&["runs", "cancel", "--store", "runs.db", &place.acked[0]], vars),
        During::Delete => {
            place.may_be_gone = true;
            place.start(&["runs", "delete", "--store", "runs.db", &place.acked[0]], vars)
        }
    }
}

/// Kills the child when it has reached the point; one that never does comes to its end.
async fn reach(stage: &Stage, place: &mut Place<'_>, mut child: Child, point: Point) {
    let is_there = match point.when {
        When::Passes(name, _) => child.says(&format!("at {name}")).await.is_some(),
        When::Says(text) => child.says(text).await.is_some(),
        When::Effect(node) => {
            tokio::select! {
                () = stage.outside.effect_of(&place.case, node) => true,
                // Only the end of a child is silence for good.
                said = child.says("there is no such line") => said.is_some(),
            }
        }
    };
    if is_there {
        place.kill(child).await;
    } else {
        place.ended(child).await;
    }
}
