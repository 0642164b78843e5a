//! Flow documents with the graphs that are measured.

use flowrun::Flow;
pub use flowrun_testkit::synth::Detail;
use flowrun_testkit::synth::{self, Graph};

use crate::graph::SEED;

/// The task type of every node: its executor does nothing.
pub const TASK_TYPE: &str = "scan";

/// The text of a flow with this graph. What a condition tree asks of each object, half of what
/// [`Finder`](crate::executors::Finder) reports holds.
#[must_use]
pub fn text(graph: &Graph, detail: Detail) -> String {
    synth::text(graph, detail, SEED)
}

/// The flow with this graph.
#[must_use]
pub fn flow(graph: &Graph, detail: Detail) -> Flow {
    Flow::from_json(text(graph, detail)).expect("a measured document is well-formed and within every limit")
}
