//! The gate: ratios that must hold on any machine, because both sides are measured in the same process.
//!
//! Limits leave room for a noisy machine and none for a cost that doubles. Tighten one when the engine has
//! become faster for good; loosening one is a decision about the product and needs its reason in the commit.

use std::fmt;
use std::sync::Arc;

use flowrun_bench::graph::{FlatGraph, Shape, graph};
use flowrun_bench::subjects::{self, Work};
use flowrun_bench::{Case, Effort, alloc, document, floors, median, ratio, scenarios};

/// Processor time of a layered run of 100k nodes by that of the boxed floor.
pub const MAX_RUN_BY_BOXED: f64 = 4.0;
/// Growth of the processor time a node, from 10k to 1M nodes, by the growth of the boxed floor in the same rounds.
///
/// The goal is a growth of 1.7, which says as much about the machine as about the engine: the floor grows by 1.6 to
/// 1.7 itself, as soon as a graph does not fit into the caches, and by more where others use them, too.
pub const MAX_GROWTH_BY_BOXED: f64 = 1.15;
/// Processor time of reading a document by that of reading it into a `serde_json::Value`.
pub const MAX_READ_BY_VALUE: f64 = 0.25;
/// Allocations a node. The design allows 2 and the engine needs 1: one more has to show.
pub const MAX_ALLOCATIONS: f64 = 1.5;

/// Rounds in which the two sides take turns.
const ROUNDS: usize = 5;
/// How often something is measured that is over its limit.
const SITTINGS: usize = 5;

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What was measured.
    pub name: &'static str,
    /// What came out.
    pub measured: f64,
    /// What is allowed at most.
    pub limit: f64,
}

impl Verdict {
    /// Whether the limit holds. Something that could not be measured does not hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured <= self.limit
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "holds" } else { "is over" };
        write!(f, "{}: {:.2} {word} its limit {:.2}", self.name, self.measured, self.limit)
    }
}

/// Measures everything that is limited. Takes about a minute.
///
/// `work` is [`Work::Nothing`]; with [`Work::Sabotage`] the verdicts show what the gate notices.
///
/// # Panics
///
/// Unless [`CountingAllocator`](alloc::CountingAllocator) is the global allocator: a gate that counts nothing
/// would let everything pass.
#[must_use]
pub fn check(work: Work) -> Vec<Verdict> {
    assert!(alloc::is_counting_installed(), "the gate needs the counting allocator");
    vec![
        insist(|| run_by_boxed(work)),
        insist(|| growth(work)),
        insist(|| read_by_value(work)),
        insist(|| allocations(work)),
    ]
}

/// Measures again what is over its limit, and gives the best. Other work on the machine spoils one sitting; a
/// change of the code spoils them all.
fn insist(mut measure: impl FnMut() -> Verdict) -> Verdict {
    let mut best = measure();
    for _ in 1..SITTINGS {
        if best.holds() {
            break;
        }
        let again = measure();
        if again.measured < best.measured || best.measured.is_nan() {
            best = again;
        }
    }
    best
}

fn allocations(work: Work) -> Verdict {
    let small = scenarios::run_doing(work, Shape::Layered, 10_000).build();
    let small = small.measure(Effort { rounds: 1, units_per_round: 1 });
    Verdict {
        name: "allocations a node, layered 10k",
        measured: small.memory.allocations_per_unit.unwrap_or(f64::NAN),
        limit: MAX_ALLOCATIONS,
    }
}

fn run_by_boxed(work: Work) -> Verdict {
    let graph = graph(Shape::Layered, 100_000);
    let engine = subjects::engine_run(&document::flow(&graph, document::Detail::Lean), work);
    let measured = median_ratio(engine, floors::boxed(FlatGraph::new(&graph)), 300_000);
    Verdict { name: "run by boxed floor, layered 100k", measured, limit: MAX_RUN_BY_BOXED }
}

/// A graph of a million nodes and one of ten thousand, engine and floor: all four in each round, so that whatever
/// else uses the caches meets all of them.
fn growth(work: Work) -> Verdict {
    const LARGE: usize = 1_000_000;
    let [mut large, mut small] = [LARGE, 10_000].map(|nodes| {
        let graph = graph(Shape::Layered, nodes);
        let engine = subjects::engine_run(&document::flow(&graph, document::Detail::Lean), work);
        [engine, floors::boxed(FlatGraph::new(&graph))]
    });
    // Each does a million nodes a round, the small ones by doing theirs a hundred times.
    let mut round = || [&mut large, &mut small].map(|sides| sides.each_mut().map(|case| cost(case, LARGE)));
    round();
    let by_floor = (0..ROUNDS).map(|_| growth_by_floor(round()));
    Verdict {
        name: "growth of a node's cost by that of the boxed floor, layered 10k to 1M",
        measured: median(by_floor.collect()),
        limit: MAX_GROWTH_BY_BOXED,
    }
}

/// Processor time of one unit, in seconds.
fn cost(case: &mut Case, units: usize) -> f64 {
    case.mean(units).cpu.as_secs_f64() / case.units() as f64
}

/// From the costs of engine and floor on the large and on the small graph.
fn growth_by_floor([[engine, floor], [small_engine, small_floor]]: [[f64; 2]; 2]) -> f64 {
    (engine / small_engine) / (floor / small_floor)
}

fn read_by_value(work: Work) -> Verdict {
    const NODES: usize = 10_000;
    let text: Arc<str> = document::text(&graph(Shape::Chain, NODES), document::Detail::Full).into();
    let subject = match work {
        Work::Sabotage => subjects::read_as_value_first(Arc::clone(&text), NODES),
        _ => subjects::read(Arc::clone(&text), NODES),
    };
    let measured = median_ratio(subject, floors::read_value(text, NODES), 20_000);
    Verdict { name: "reading by serde_json::Value, 10k", measured, limit: MAX_READ_BY_VALUE }
}

fn median_ratio(mut subject: Case, mut floor: Case, units: usize) -> f64 {
    subject.once();
    floor.once();
    let rounds = (0..ROUNDS).map(|_| (subject.mean(units), floor.mean(units)));
    let (subject, floor): (Vec<_>, Vec<_>) = rounds.unzip();
    ratio(&subject, &floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_over_every_time_is_over() {
        let insisted = |figures: &[f64]| {
            let mut figures = figures.iter();
            let mut next = || *figures.next().expect("nothing is measured after it holds, or a sixth time");
            insist(|| Verdict { name: "x", measured: next(), limit: 2.0 }).measured
        };
        assert!((insisted(&[1.0]) - 1.0).abs() < f64::EPSILON);
        assert!((insisted(&[f64::NAN, 2.5, 2.4, 2.6, 1.5]) - 1.5).abs() < f64::EPSILON);
        assert!((insisted(&[3.0, 2.5, 2.7, 2.9, 2.6]) - 2.5).abs() < f64::EPSILON);
        assert!(insisted(&[f64::NAN; 5]).is_nan());
    }

    #[test]
    fn what_makes_the_floor_grow_as_well_is_no_growth_of_the_engine() {
        let by_floor = |large, small| format!("{:.2}", growth_by_floor([large, small]));
        assert_eq!(by_floor([170.0, 40.0], [100.0, 25.0]), "1.06");
        // A busy machine: everything on the large graph takes half as long again.
        assert_eq!(by_floor([255.0, 60.0], [100.0, 25.0]), "1.06");
        assert_eq!(by_floor([255.0, 40.0], [100.0, 25.0]), "1.59");
    }

    #[test]
    fn over_the_limit_or_not_measured_does_not_hold() {
        let verdict = |measured| Verdict { name: "x", measured, limit: 2.0 };
        assert!(verdict(2.0).holds());
        assert!(!verdict(2.01).holds() && !verdict(f64::NAN).holds());
        assert_eq!(verdict(2.5).to_string(), "x: 2.50 is over its limit 2.00");
    }
}
