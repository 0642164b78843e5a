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
            Self::Uuids => {
                let [a, b] = [2 * node, 2 * node + 1].map(|step| scattered(u64::from(step)));
                let (a, rest) = (a >> 32, a & 0xFFFF_FFFF);
                format!(
                    "{a:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                    rest >> 16,
                    rest & 0xFFF,
                    b >> 52,
                    b & 0xFFFF_FFFF_FFFF
                )
            }
        }
    }
}

/// Numbers that look like chance: the output of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014) for each step.
fn scattered(step: u64) -> u64 {
    let z = (SEED.wrapping_add(step)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A lean flow with this graph whose nodes are called so.
#[must_use]
pub fn flow_with_ids(graph: &Graph, ids: Ids) -> Flow {
    let nodes = (0..graph.nodes as u32).map(|node| {
        let id = ids.of(node);
        format!(r#"{{"id":"{id}","data":{{"id":"{id}","task_type":"{TASK_TYPE}"}}}}"#)
    });
    let edges = graph.edges.iter().zip(1..).map(|(&(source, target), edge)| {
        format!(r#"{{"id":"e{edge}","source":"{}","target":"{}"}}"#, ids.of(source), ids.of(target))
    });
    let (nodes, edges) = (nodes.collect::<Vec<_>>().join(","), edges.collect::<Vec<_>>().join(","));
    let text = format!(r#"{{"nodes":[{nodes}],"edges":[{edges}]}}"#);
    Flow::from_json(text).expect("a measured document is well-formed and within every limit")
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
