//! Every way a flow can end, each with a script that leads there.
//!
//! Owns a small model of how nodes decide each other, and the search through it. What it finds is held against
//! the state machine itself: every script is meant to be played.
//!
//! Two ends differ when a node ends in another status. An executor may pass or fail, with or without objects,
//! and its objects may go to either side of its conditions as far as facts exist that take them there. Where
//! the first failure ends the run, it may come at any moment. Cancels and deadlines are not listed: they stop
//! whatever is working.
//!
//! Up to [`EXHAUSTIVE`] nodes every end is listed. Of larger flows only those are that differ from all passing
//! by what one node does, up to a limit; [`Outcomes::is_exhaustive`] says so.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun_core::{Flow, NodeSpec, Plan, TaskTypes};
//! use flowrun_sim::outcomes::outcomes;
//! use flowrun_sim::script::RunSettings;
//!
//! let flow = Flow::builder()
//!     .node(NodeSpec::new("scan", "scan"))
//!     .node(NodeSpec::new("again", "scan"))
//!     .edge("scan", "again")
//!     .build()?;
//! let plan = Plan::new(&flow, &TaskTypes::documented())?;
//! let outcomes = outcomes(&Arc::new(plan), &RunSettings::default(), 1_000);
//! assert!(outcomes.is_exhaustive);
//! // Both pass; the second fails; the first fails and ends the run.
//! assert_eq!(outcomes.ends.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounded;
mod choice;
mod exhaustive;
mod facts;
mod model;
mod script;

use std::sync::Arc;

use flowrun_core::{Flow, NodeIx, NodeSpec, NodeStatus, Plan, Run, RunStatus, TaskTypes};

use crate::script::{Behaviour, End, RunSettings, Script};
use crate::sim::simulate;

/// The largest flow whose ends are all listed, in nodes.
pub const EXHAUSTIVE: usize = 12;

/// The ways a flow can end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcomes {
    /// The ends, those first whose scripts say least.
    pub ends: Vec<FlowEnd>,
    /// Whether there are no others.
    pub is_exhaustive: bool,
}

/// One way a flow can end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FlowEnd {
    /// The status of the run.
    pub status: RunStatus,
    /// The status of each node, in the order of the flow.
    pub nodes: Vec<NodeStatus>,
    /// A script that leads there.
    pub script: Script,
}

/// Lists the ways a flow can end in runs with these settings; at most `limit` of a flow with more than
/// [`EXHAUSTIVE`] nodes.
///
/// # Complexity
///
/// Up to [`EXHAUSTIVE`] nodes exponential in them; above, `limit` simulated runs.
#[must_use]
pub fn outcomes(plan: &Arc<Plan>, settings: &RunSettings, limit: usize) -> Outcomes {
    let mut settings = settings.clone();
    (settings.cancel_after, settings.run_timeout, settings.attempt_timeout) = (None, None, None);
    settings.max_attempts = None;
    if plan.node_count() > EXHAUSTIVE {
        return bounded::outcomes(plan, &settings, limit);
    }
    exhaustive::outcomes(plan, &settings, ends_on_fail(&settings))
}

/// The status of each node, in the order of the flow.
fn statuses(run: &Run) -> Vec<NodeStatus> {
    (0..run.plan().node_count()).map(|node| run.node_status(NodeIx::new(node))).collect()
}

/// Whether the first failure ends a run with these settings: the state machine is asked.
fn ends_on_fail(settings: &RunSettings) -> bool {
    let flow =
        Flow::builder().node(NodeSpec::new("1", "scan")).node(NodeSpec::new("2", "scan")).edge("1", "2");
    let flow = flow.build().expect("two nodes are within every limit");
    let plan = Plan::new(&flow, &TaskTypes::documented()).expect("two linked scans are a plan");
    let fails = Behaviour { end: End::Failed, ..Behaviour::default() };
    let mut script = Script::default().node("1", fails);
    script.run = settings.clone();
    let simulated = simulate(&Arc::new(plan), &script).expect("both nodes are there");
    simulated.run().node_status(NodeIx::new(1)) == NodeStatus::Queued
}
