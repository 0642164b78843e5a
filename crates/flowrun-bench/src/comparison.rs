//! A case beside its floors, measured in turns.

use serde::Serialize;

use crate::clock::Elapsed;
use crate::{Case, alloc, memory};

/// A subject and the floors it is compared with; the first floor makes the ratio.
#[derive(Debug)]
pub struct Comparison {
    /// What is measured on what, such as `run layered/10k`.
    pub name: String,
    /// The thing whose cost is to be known.
    pub subject: Case,
    /// What it is compared with, on the same graph or text.
    pub floors: Vec<Case>,
    /// Bytes of text that one round reads or writes, where that says more than the number of nodes.
    pub text_bytes: Option<usize>,
}

/// How much is done for one figure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds in which subject and floors take turns; odd, so that there is a middle one. Default 5.
    pub rounds: usize,
    /// Units that a round is to do at least, by doing small cases more often. Default 200,000.
    pub units_per_round: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { rounds: 5, units_per_round: 200_000 }
    }
}

/// Nanoseconds for one unit: median of the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Processor time.
    pub cpu_ns: f64,
    /// Time on the wall.
    pub wall_ns: f64,
}

/// The cost of a floor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FloorCost {
    /// What it does.
    pub name: &'static str,
    /// What one unit costs there.
    pub cost: Cost,
    /// Processor time of the subject by that of the floor: median over the rounds.
    pub ratio: f64,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The comparison.
    pub name: String,
    /// Units of one round.
    pub units: usize,
    /// What one unit costs.
    pub cost: Cost,
    /// Bytes of text in one second of processor time, where the case is about text.
    pub bytes_per_second: Option<f64>,
    /// The floors, the one for the ratio first.
    pub floors: Vec<FloorCost>,
    /// What was allocated, where the process counts it.
    pub memory: Memory,
}

/// What the first round took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// Allocations for one unit.
    pub allocations_per_unit: Option<f64>,
    /// Most bytes held at a time beyond what was held before.
    pub peak_heap_bytes: Option<u64>,
    /// The same as the system sees it; too low when the process had freed memory before.
    pub peak_resident_bytes: Option<u64>,
}

impl Comparison {
    /// Measures. Each round does the subject and then each floor, so that a disturbance meets all of them.
    #[must_use]
    pub fn measure(mut self, effort: Effort) -> Figure {
        let memory = memory_of_first_round(&mut self.subject);
        for floor in &mut self.floors {
            floor.once();
        }
        let mut rounds = vec![Vec::with_capacity(effort.rounds); 1 + self.floors.len()];
        for _ in 0..effort.rounds {
            for (case, times) in std::iter::once(&mut self.subject).chain(&mut self.floors).zip(&mut rounds) {
                times.push(case.mean(effort.units_per_round));
            }
        }
        let units = self.subject.units();
        let (of_subject, of_floors) = rounds.split_first().expect("the subject is among the cases");
        let floors = self.floors.iter().zip(of_floors).map(|(floor, times)| FloorCost {
            name: floor.name(),
            cost: cost(times, floor.units()),
            ratio: ratio(of_subject, times),
        });
        let cost = cost(of_subject, units);
        Figure {
            floors: floors.collect(),
            bytes_per_second: self.text_bytes.map(|bytes| bytes as f64 / (cost.cpu_ns * units as f64) * 1e9),
            cost,
            units,
            memory,
            name: self.name,
        }
    }
}

fn memory_of_first_round(subject: &mut Case) -> Memory {
    let is_counted = alloc::is_counting_installed();
    let ((_, allocations), peak_resident_bytes) = memory::peak_growth(|| alloc::count(|| subject.once()));
    Memory {
        allocations_per_unit: is_counted.then(|| allocations.count as f64 / subject.units() as f64),
        peak_heap_bytes: is_counted.then_some(allocations.peak_bytes),
        peak_resident_bytes,
    }
}

fn cost(rounds: &[Elapsed], units: usize) -> Cost {
    let of = |time: fn(&Elapsed) -> f64| median(rounds.iter().map(time).collect()) / units as f64;
    Cost {
        cpu_ns: of(|elapsed| elapsed.cpu.as_nanos() as f64),
        wall_ns: of(|elapsed| elapsed.wall.as_nanos() as f64),
    }
}

/// Processor time of one by that of the other: the median over the rounds, so that a round in which both were
/// disturbed counts as any other.
#[must_use]
pub fn ratio(subject: &[Elapsed], floor: &[Elapsed]) -> f64 {
    let ratios = subject.iter().zip(floor).map(|(subject, floor)| {
        let floor = floor.cpu.as_secs_f64();
        if floor > 0.0 { subject.cpu.as_secs_f64() / floor } else { f64::INFINITY }
    });
    median(ratios.collect())
}

/// The middle one; of an even number the upper one, of none no number.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_disturbed_round_does_not_move_a_ratio() {
        let rounds =
            |cpu: [u64; 5]| cpu.map(|ms| Elapsed { cpu: Duration::from_millis(ms), wall: Duration::ZERO });
        assert_eq!(ratio(&rounds([30, 30, 900, 30, 30]), &rounds([10, 10, 10, 10, 10])), 3.0);
        assert_eq!(ratio(&rounds([30, 300, 30, 30, 30]), &rounds([10, 100, 10, 10, 10])), 3.0);
    }

    #[test]
    fn a_figure_names_its_floors_and_counts_what_text_there_is() {
        // The times are given, not taken: the clock counts what the threads of other tests do, too.
        let takes = |name, cpu: u64| {
            let elapsed = Elapsed { cpu: Duration::from_millis(cpu), wall: Duration::from_millis(2 * cpu) };
            Case::new(name, 100, move |watch| watch.add(elapsed))
        };
        let comparison = Comparison {
            name: "given".into(),
            subject: takes("long", 30),
            floors: vec![takes("short", 10)],
            text_bytes: Some(1_500),
        };
        let figure = comparison.measure(Effort { rounds: 3, units_per_round: 200 });
        assert_eq!(figure.cost, Cost { cpu_ns: 300_000.0, wall_ns: 600_000.0 });
        assert_eq!(figure.bytes_per_second, Some(50_000.0));
        let [floor] = &figure.floors[..] else { panic!("{figure:?}") };
        assert_eq!((floor.name, floor.ratio, floor.cost.cpu_ns), ("short", 3.0, 100_000.0));
        assert_eq!((figure.units, figure.memory.allocations_per_unit), (100, None));
    }
}
