//! What it costs to survive: node transitions a second through a store on disk.
//!
//! Time on the wall counts here, and what the disk does at that moment; so each figure stands beside what the
//! same disk gave a bare file, or a bare table, in the rounds between.

mod engine;
pub mod floors;

use serde::Serialize;

use crate::Case;
use crate::comparison::median;

pub use engine::chains;

/// Rounds in which the engine and its floors take turns.
const ROUNDS: usize = 5;

/// A number of runs that move at once, each a chain: so many nodes are in flight.
#[derive(Clone, Copy, Debug)]
pub struct Durable {
    /// Runs at once.
    pub runs: usize,
    /// Nodes of each.
    pub nodes: usize,
}

/// What was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DurableFigure {
    /// Such as `durable 16 runs`.
    pub name: String,
    /// Nodes at work at a time.
    pub in_flight: usize,
    /// Nodes that started and ended in a second: median of the rounds.
    pub per_second: f64,
    /// The floors, the one for the ratio first.
    pub floors: Vec<DurableFloor>,
}

/// A floor of the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DurableFloor {
    /// What it does.
    pub name: &'static str,
    /// Records a second: median of the rounds.
    pub per_second: f64,
    /// The engine's rate by this one: median over the rounds.
    pub ratio: f64,
}

/// Everything that is measured: a chain, and 16, 64 and 256 of them at once.
pub const ALL: [Durable; 4] = [
    Durable { runs: 1, nodes: 500 },
    Durable { runs: 16, nodes: 200 },
    Durable { runs: 64, nodes: 100 },
    Durable { runs: 256, nodes: 50 },
];

impl Durable {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> String {
        match self.runs {
            1 => "durable chain".to_owned(),
            runs => format!("durable {runs} runs"),
        }
    }

    /// Measures, in a folder of its own below the working directory: a folder for temporary files may be memory.
    #[must_use]
    pub fn measure(self) -> DurableFigure {
        let folder = tempfile::Builder::new().prefix("durable-").tempdir_in(".");
        let folder = folder.expect("the working directory can be written");
        let transitions = self.runs * self.nodes;
        let mut subject = engine::chains(folder.path(), self);
        let mut floors = vec![floors::group_commit(folder.path(), self.runs, transitions)];
        if self.runs == 1 {
            floors.insert(0, floors::sync(folder.path(), transitions));
        }
        compare(self.name(), self.runs, &mut subject, &mut floors)
    }
}

/// Units a second on the clock on the wall, of one round.
#[must_use]
pub fn rate(case: &mut Case) -> f64 {
    case.units() as f64 / case.once().wall.as_secs_f64()
}

fn compare(name: String, in_flight: usize, subject: &mut Case, floors: &mut [Case]) -> DurableFigure {
    let mut rates = vec![Vec::with_capacity(ROUNDS); 1 + floors.len()];
    for _ in 0..ROUNDS {
        for (case, rates) in std::iter::once(&mut *subject).chain(&mut *floors).zip(&mut rates) {
            rates.push(rate(case));
        }
    }
    let (of_subject, of_floors) = rates.split_first().expect("the subject is among the cases");
    let floor = |(floor, rates): (&mut Case, &Vec<f64>)| DurableFloor {
        name: floor.name(),
        per_second: median(rates.clone()),
        ratio: median(of_subject.iter().zip(rates).map(|(subject, floor)| subject / floor).collect()),
    };
    DurableFigure {
        name,
        in_flight,
        per_second: median(of_subject.clone()),
        floors: floors.iter_mut().zip(of_floors).map(floor).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Elapsed;

    #[test]
    fn rates_are_those_of_the_clock_on_the_wall() {
        let takes = |name, wall| {
            let elapsed = Elapsed { cpu: Duration::ZERO, wall: Duration::from_millis(wall) };
            Case::new(name, 100, move |watch| watch.add(elapsed))
        };
        let figure = compare("given".into(), 1, &mut takes("slow", 200), &mut [takes("fast", 100)]);
        assert_eq!((figure.per_second, figure.in_flight), (500.0, 1));
        assert_eq!(figure.floors, [DurableFloor { name: "fast", per_second: 1_000.0, ratio: 0.5 }]);
    }

    #[test]
    fn what_is_measured_runs_to_its_end_on_a_disk() {
        for runs in [1, 3] {
            // The cases themselves check that every run passed and every record is there.
            let figure = Durable { runs, nodes: 4 }.measure();
            assert!(
                figure.per_second > 0.0 && figure.floors.iter().all(|floor| floor.ratio > 0.0),
                "{figure:?}"
            );
            assert_eq!(figure.floors.len(), if runs == 1 { 2 } else { 1 });
        }
    }
}
