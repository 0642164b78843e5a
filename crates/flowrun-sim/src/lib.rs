//! Flow runs without executors: what nodes do is written in a script, and time is virtual.
//!
//! For tests of flows, for tools that show what a flow would do, and for measurements. Everything here stands
//! on `flowrun-core` alone: the state machine is the one the engine drives, and nothing opens a socket, waits or
//! asks for the time.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun_core::{Flow, NodeSpec, Plan, RunStatus, TaskTypes};
//! use flowrun_sim::{script::Script, sim::simulate};
//!
//! let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
//! let plan = Plan::new(&flow, &TaskTypes::documented())?;
//! let script = Script::parse("[nodes.1]\nafter = '2s'\nend = 'failed'")?;
//! let simulated = simulate(&Arc::new(plan), &script)?;
//! assert_eq!(simulated.run().status(), RunStatus::Failed);
//! assert_eq!(simulated.elapsed().as_secs(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`script`]: what executors do, written down, and [`sim`]: runs by a script in virtual time.
//! - [`outcomes`]: every way a flow can end, each with a script that leads there.
//! - [`suite`]: folders of cases, and what they reach of their flows.
//! - [`synth`]: flows of a shape, a size and a seed.
//! - [`random`]: the generator behind all that is made from a seed.
//!
//! The feature `proptest` adds strategies for property tests to [`synth`].
#![forbid(unsafe_code)]

pub mod outcomes;
pub mod random;
pub mod script;
pub mod sim;
pub mod suite;
pub mod synth;
