//! What tests of flows need, for this project and for services that embed it.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun_core::{Flow, NodeSpec, Plan, RunStatus, TaskTypes};
//! use flowrun_testkit::{script::Script, sim::simulate};
//!
//! let flow = Flow::builder().node(NodeSpec::new("1", "scan")).node(NodeSpec::new("2", "slack")).edge("1", "2").build()?;
//! let plan = Arc::new(Plan::new(&flow, &TaskTypes::documented())?);
//! let script = Script::parse("[nodes.2]\nend = 'failed'\nmessage = 'no such channel'")?;
//! let simulated = simulate(&plan, &script)?;
//! assert_eq!(simulated.run().status(), RunStatus::Failed);
//! assert!(simulated.flow_run().logs().iter().any(|line| line.message.contains("no such channel")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`script`], [`sim`], [`outcomes`], [`suite`] and [`synth`] are those of `flowrun-sim`: scripts and runs in
//! virtual time. [`canary`] is a secret in every spelling, to look for in what was shown and kept. Features:
//!
//! - `engine` (default): scripts that stand in for executors in an engine, in `script`.
//! - `executor-suite` (default): what an engine relies on in an executor, as checks for own ones, in
//!   `executor_suite`.
//! - `store-suite` (default): what every store must do, in `store_suite`.
//! - `proptest`: strategies for property tests, in `synth`.
//! - `chaos`: runs that everything goes wrong for, from a seed, compared with a model, in `chaos`, and the binary
//!   of that name.
//! - `faults`: disks that fail, and what a power cut leaves, for stores in SQLite files, in `faults`.
//! - `servers`: real servers on loopback, in `servers`: a website with known defects, and sinks that stand in
//!   for Slack, a webhook receiver and a mail server.

pub mod canary;
#[cfg(feature = "chaos")]
pub mod chaos;
#[cfg(feature = "executor-suite")]
pub mod executor_suite;
#[cfg(feature = "faults")]
pub mod faults;
pub mod script;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "store-suite")]
pub mod store_suite;

pub use flowrun_sim::{outcomes, sim, suite, synth};
