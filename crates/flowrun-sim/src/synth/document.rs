//! The documents of synthetic flows.

use std::fmt::Write;

use super::Graph;
use super::node::{Conditions, EXPRESSIONS, Node, nodes};
use crate::random::Random;

/// How much a document holds beside the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Ids, task types and conditions only, about 50 bytes a node: for runs of a million nodes.
    Lean,
    /// What a canvas saves, about 970 bytes for a node and its edges, most of it unknown to the engine.
    #[default]
    Full,
}

/// The text of a flow with this graph; `seed` decides what stands in its nodes.
#[must_use]
pub fn text(graph: &Graph, detail: Detail, seed: u64) -> String {
    write(graph, &nodes(graph, seed), detail, seed)
}

/// The text of a flow with this graph and these nodes, numbered from 1 in their order.
pub(super) fn write(graph: &Graph, nodes: &[Node], detail: Detail, seed: u64) -> String {
    let per_node = if detail == Detail::Lean { 64 } else { 1024 };
    let mut out = String::with_capacity(graph.nodes * per_node + graph.edges.len() * 128 + 256);
    out.push_str(r#"{"id":"f4f6e6c1-037f-45e4-8cf4-2979f12d2cf0","title":"Synthetic "#);
    put(&mut out, format_args!(r#"{}","nodes":["#, graph.shape));
    for (place, &node) in nodes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let conditions = conditions_of(node, Random::at(seed ^ EXPRESSIONS, node.stream.into()));
        match detail {
            Detail::Lean => lean_node(&mut out, place + 1, node, &conditions),
            Detail::Full => full_node(&mut out, place + 1, node, &conditions, graph.nodes),
        }
    }
    out.push_str(r#"],"edges":["#);
    for (place, (source, target)) in graph.edges.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let (id, source, target) = (place + 1, source + 1, target + 1);
        match detail {
            Detail::Lean => put(
                &mut out,
                format_args!(r#"{comma}{{"id":"{id}","source":"{source}","target":"{target}"}}"#),
            ),
            Detail::Full => put(
                &mut out,
                format_args!(
                    r#"{comma}{{"id":"{id}","type":"smoothstep","style":null,"source":"{source}","target":"{target}","animated":false}}"#
                ),
            ),
        }
    }
    out.push_str("]}");
    out
}

fn lean_node(out: &mut String, id: usize, node: Node, conditions: &str) {
    let (task_type, start_if) = (node.task_type, side(node.start_if));
    put(
        out,
        format_args!(
            r#"{{"id":"{id}","data":{{"id":"{id}","task_type":"{task_type}","start_if":{start_if},"conditions":{conditions}}}}}"#
        ),
    );
}

/// A flow stops growing at its smallest `maxNodes`, so it allows what it has.
fn full_node(out: &mut String, id: usize, node: Node, conditions: &str, max_nodes: usize) {
    let (task_type, start_if) = (node.task_type, side(node.start_if));
    put(
        out,
        format_args!(
            concat!(
                r#"{{"id":"{id}","data":{{"id":"{id}","uri":"","#,
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
            id = id,
            max_nodes = max_nodes,
            start_if = start_if,
            task_type = task_type,
            conditions = conditions,
        ),
    );
}

const fn side(start_if: Option<bool>) -> &'static str {
    match start_if {
        Some(true) => "true",
        Some(false) => "false",
        None => "null",
    }
}

/// The JSON text of a node's conditions.
fn conditions_of(node: Node, mut random: Random) -> String {
    let count = match node.conditions {
        Conditions::None => return "null".to_owned(),
        Conditions::Half => {
            return r#"[{"joiner":"","data_type":"score","operator":">=","value":"50"}]"#.to_owned();
        }
        Conditions::Drawn(count) => count,
    };
    let keys: &[&str] = match node.task_type {
        "test" => &["test_score", "images_score", "logs_score", "current_health"],
        _ => &["health", "seo", "performance", "accessibility", "security_average", "logs"],
    };
    let mut out = String::from("[");
    for place in 0..count {
        let (comma, joiner) = if place == 0 { ("", "") } else { (",", random.one_of(&["and", "or"])) };
        let (key, operator) = (random.one_of(keys), random.one_of(&[">=", ">=", "<=", "=="]));
        let value = random.below(101);
        put(
            &mut out,
            format_args!(
                r#"{comma}{{"joiner":"{joiner}","data_type":"{key}","operator":"{operator}","value":"{value}"}}"#
            ),
        );
    }
    out.push(']');
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Shape;

    #[test]
    fn a_full_document_is_as_large_as_those_of_the_canvas() {
        let graph = Graph::new(Shape::Chain, 10_000, 0);
        let per_node = text(&graph, Detail::Full, 0).len() / graph.nodes;
        assert!((900..1050).contains(&per_node), "{per_node} bytes a node");
    }
}
