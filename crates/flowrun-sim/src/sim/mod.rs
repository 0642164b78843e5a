//! Runs by a [`Script`](crate::script::Script) in virtual time: the state machine of the real thing, with a
//! queue where the driver has a clock and executors.
//!
//! Owns the queue and what a run reached. It decides nothing: every decision is [`flowrun_core::Run`]'s. What
//! ends at the same instant ends in the order in which it was started.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun_core::{Flow, NodeSpec, Plan, RunStatus, TaskTypes};
//! use flowrun_sim::script::Script;
//! use flowrun_sim::sim::simulate;
//!
//! let flow = Flow::builder()
//!     .node(NodeSpec::new("scan", "scan"))
//!     .node(NodeSpec::new("tell", "slack"))
//!     .edge("scan", "tell")
//!     .build()?;
//! let plan = Plan::new(&flow, &TaskTypes::documented())?;
//! let script = Script::parse("[types.scan]\nafter = '30d'\n[nodes.tell]\nend = 'failed'")?;
//! let simulated = simulate(&Arc::new(plan), &script)?;
//! assert_eq!(simulated.run().status(), RunStatus::Failed);
//! assert_eq!(simulated.elapsed().as_secs(), 30 * 24 * 60 * 60);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod due;
mod simulated;
mod timeline;
mod world;

pub use simulated::{Simulated, simulate, simulate_watched};
pub use timeline::{Moment, describe, duration_text};
