//! Flow documents with the graphs that are measured.

use std::fmt::Write;

use flowrun::Flow;

use crate::graph::{Graph, Shape};

/// The task type of every node: its executor does nothing.
pub const TASK_TYPE: &str = "scan";

/// What a condition tree asks of each object: half of what [`Finder`](crate::executors::Finder) reports holds.
const CONDITIONS: &str = r#"[{"joiner":"","data_type":"score","operator":">=","value":"50"}]"#;

/// How much a document holds beside the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Ids and task types only, about 50 bytes a node: for runs of a million nodes.
    Lean,
    /// What a canvas saves, about 910 bytes for a node and one edge, most of it unknown to the engine.
    Full,
}

/// The text of a flow with this graph.
#[must_use]
pub fn text(graph: &Graph, detail: Detail) -> String {
    let per_node = if detail == Detail::Lean { 64 } else { 1024 };
    let mut out = String::with_capacity(graph.nodes * per_node + graph.edges.len() * 128 + 256);
    out.push_str(r#"{"id":"f4f6e6c1-037f-45e4-8cf4-2979f12d2cf0","title":"Measured","nodes":["#);
    // A flow stops growing at its smallest `maxNodes`, so measured ones allow what they have.
    let max_nodes = graph.nodes;
    for node in 0..graph.nodes {
        let comma = if node == 0 { "" } else { "," };
        let id = node + 1;
        let conditions = conditions_of(graph, node);
        let start_if = start_if_of(graph, node);
        let written = match detail {
            Detail::Lean => write!(
                out,
                r#"{comma}{{"id":"{id}","data":{{"id":"{id}","task_type":"{TASK_TYPE}","start_if":{start_if},"conditions":{conditions}}}}}"#
            ),
            Detail::Full => write!(
                out,
                concat!(
                    r#"{comma}{{"id":"{id}","data":{{"id":"{id}","uri":"","#,
                    r#""type":["html","logs","lighthouse","yellowlab","vrt"],"email":"","status":"queued","#,
                    r#""case_id":null,"configs":{{"device":"Windows 10 PC","browser":"chrome","timeout":300,"#,
                    r#""interval":1,"location":"us","mask_ids":"","auto_height":true,"end_on_fail":true,"#,
                    r#""window_size":"1920,1080","create_issue":true,"max_wait_time":30,"min_wait_time":3,"#,
                    r#""disable_animations":false}},"headers":"{{}}","message":"","objects":[],"#,
                    r#""payload":"{{}}","subject":"","updates":null,"maxConds":4,"maxNodes":{max_nodes},"#,
                    r#""parentId":null,"position":{{"x":0,"y":0}},"start_if":{start_if},"finalized":false,"#,
                    r#""task_type":"{task_type}","threshold":95,"conditions":{conditions},"#,
                    r#""phone_number":"","request_type":"GET","time_started":null,"time_completed":null}},"#,
                    r#""type":"basic","measured":{{"width":272,"height":48}},"parentId":null,"#,
                    r#""position":{{"x":0,"y":0}}}}"#
                ),
                comma = comma,
                id = id,
                max_nodes = max_nodes,
                start_if = start_if,
                task_type = TASK_TYPE,
                conditions = conditions,
            ),
        };
        written.expect("a string takes all that is written");
    }
    out.push_str(r#"],"edges":["#);
    for (place, (source, target)) in graph.edges.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let (id, source, target) = (place + 1, source + 1, target + 1);
        let written = match detail {
            Detail::Lean => {
                write!(out, r#"{comma}{{"id":"{id}","source":"{source}","target":"{target}"}}"#)
            }
            Detail::Full => write!(
                out,
                r#"{comma}{{"id":"{id}","type":"smoothstep","style":null,"source":"{source}","target":"{target}","animated":false}}"#
            ),
        };
        written.expect("a string takes all that is written");
    }
    out.push_str("]}");
    out
}

/// The flow with this graph.
#[must_use]
pub fn flow(graph: &Graph, detail: Detail) -> Flow {
    Flow::from_json(text(graph, detail)).expect("a measured document is well-formed and within every limit")
}

/// Inner nodes of a condition tree have conditions.
fn conditions_of(graph: &Graph, node: usize) -> &'static str {
    let is_inner = node * 2 + 1 < graph.nodes;
    if graph.shape == Shape::ConditionTree && is_inner { CONDITIONS } else { "null" }
}

/// The first child below conditions takes what holds, the second the rest.
fn start_if_of(graph: &Graph, node: usize) -> &'static str {
    match graph.shape {
        Shape::ConditionTree if node == 0 => "null",
        Shape::ConditionTree if node.is_multiple_of(2) => "false",
        Shape::ConditionTree => "true",
        Shape::Chain | Shape::Wide | Shape::Fan | Shape::Layered => "null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_document_is_as_large_as_those_of_the_canvas() {
        let graph = Graph::new(Shape::Chain, 10_000);
        let per_node = text(&graph, Detail::Full).len() / graph.nodes;
        assert!((900..1000).contains(&per_node), "{per_node} bytes a node");
    }

    #[test]
    fn documents_of_both_kinds_hold_the_graph() {
        for shape in Shape::ALL {
            let graph = Graph::new(shape, 100);
            for detail in [Detail::Lean, Detail::Full] {
                let flow = flow(&graph, detail);
                assert_eq!((flow.node_count(), flow.edges().len()), (100, graph.edges.len()), "{shape}");
            }
        }
    }
}
