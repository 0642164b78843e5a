//! Flow documents with the graphs that are measured.

use flowrun::{Flow, NodeSpec};
pub use flowrun_sim::synth::Detail;
use flowrun_sim::synth::{self, Graph};
use uuid::Uuid;

use crate::graph::SEED;

/// The task type of every node: its executor does nothing.
pub const TASK_TYPE: &str = "scan";

/// The text of a flow with this graph. What a condition tree asks of each object, half of what
/// [`Finder`](crate::executors::Finder) reports holds.
#[must_use]
pub fn text(graph: &Graph, detail: Detail) -> String {
    synth::text(graph, detail, SEED)
}

/// How the nodes of a measured flow are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// 1, 2, 3 and so on, as a canvas numbers them.
    Numbers,
    /// `step-1`, `step-2` and so on.
    Names,
    /// UUIDs that follow no order.
    Uuids,
}

impl Ids {
    /// The id of the node at this place.
    #[must_use]
    pub fn of(self, node: u32) -> String {
        match self {
            Self::Numbers => (node + 1).to_string(),
            Self::Names => format!("step-{}", node + 1),
            Self::Uuids => Uuid::new_v5(&Uuid::NAMESPACE_OID, &node.to_le_bytes()).to_string(),
        }
    }
}

/// A flow with this graph whose nodes are called so.
#[must_use]
pub fn flow_with_ids(graph: &Graph, ids: Ids) -> Flow {
    let ids = (0..graph.nodes as u32).map(|node| ids.of(node)).collect::<Vec<_>>();
    let nodes = ids.iter().fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(id, TASK_TYPE)));
    let edge = |(source, target): (u32, u32)| (&ids[source as usize], &ids[target as usize]);
    let edges = graph.edges.iter().copied().map(edge);
    let flow = edges.fold(nodes, |flow, (source, target)| flow.edge(source, target));
    flow.build().expect("a measured flow is within every limit")
}

/// The flow with this graph.
#[must_use]
pub fn flow(graph: &Graph, detail: Detail) -> Flow {
    Flow::from_json(text(graph, detail)).expect("a measured document is well-formed and within every limit")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_of_every_kind_tell_nodes_apart() {
        assert_eq!([Ids::Numbers, Ids::Names].map(|ids| ids.of(41)), ["42", "step-42"]);
        let uuids = (0..1_000).map(|node| Ids::Uuids.of(node)).collect::<BTreeSet<_>>();
        assert!(uuids.len() == 1_000 && uuids.iter().all(|uuid| uuid.len() == 36));
    }
}
