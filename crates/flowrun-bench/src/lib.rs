//! What flowrun costs on this machine: the harness behind `flowrun bench`, the criterion benches and the gate.
//!
//! A [`Sitting`] measures by name and gives a [`Report`](report::Report):
//!
//! ```
//! use flowrun_bench::Sitting;
//!
//! let sitting = Sitting { is_quick: true, names: vec!["core chain/100".to_owned()] };
//! let report = sitting.take(|_| ())?;
//! assert_eq!(report.figures.len(), 1);
//! println!("{}", report.to_markdown());
//! # Ok::<(), flowrun_bench::NoFigureError>(())
//! ```
//!
//! A [`Case`] does one piece of work on a [`Stopwatch`]; a [`Comparison`] sets one beside its floors and runs
//! both in turns, so that a busy machine slows both. [`scenarios`] names everything that is measured. Runs go
//! the public way: [`Engine::start`](flowrun::Engine::start) with a memory store, nothing left out.
//!
//! ```
//! use flowrun_bench::graph::{FlatGraph, Shape, graph};
//! use flowrun_bench::{document, floors, subjects};
//!
//! let graph = graph(Shape::Layered, 100);
//! let flow = document::flow(&graph, document::Detail::Lean);
//! let mut engine = subjects::engine_run(&flow, subjects::Work::Nothing);
//! let mut floor = floors::boxed(FlatGraph::new(&graph));
//! assert!(engine.once().cpu > std::time::Duration::ZERO);
//! assert!(floor.once().cpu > std::time::Duration::ZERO);
//! ```
#![expect(clippy::missing_panics_doc, reason = "a measurement that goes wrong has to stop, everywhere here")]

pub mod alloc;
mod case;
pub mod clock;
mod comparison;
pub mod document;
pub mod durable;
pub mod executors;
pub mod floors;
pub mod graph;
mod machine;
pub mod memory;
pub mod report;
pub mod scenarios;
mod sitting;
pub mod subjects;

pub use case::Case;
pub use clock::{Elapsed, Stopwatch};
pub use comparison::{Comparison, Cost, Effort, Figure, FloorCost, Memory, median, ratio};
pub use machine::Machine;
pub use sitting::{NoFigureError, Sitting};
