//! What stands in the nodes of a synthetic flow, beside their edges.

use super::{Graph, Shape};
use crate::random::Random;

/// The task type of nodes whose type does not matter.
pub(super) const SCAN: &str = "scan";

/// One node's part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Names its stream of chances: its place when it was drawn.
    pub(super) stream: u32,
    pub(super) task_type: &'static str,
    pub(super) start_if: Option<bool>,
    pub(super) conditions: Conditions,
}

/// Which conditions a node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conditions {
    None,
    /// The one of condition trees: half of the scores from 0 to 99 hold.
    Half,
    /// This many expressions, drawn from the stream of the node.
    Drawn(u32),
}

/// Streams of a node's chances, apart from the one of its edges.
const KINDS: u64 = 0x006B_696E_6473;
pub(super) const EXPRESSIONS: u64 = 0x6578_7072;

/// The nodes of a graph, in their order.
pub(super) fn nodes(graph: &Graph, seed: u64) -> Vec<Node> {
    let plain = |stream| Node { stream, task_type: SCAN, start_if: None, conditions: Conditions::None };
    let tree = |stream| {
        let (place, has_children) = (stream as usize, (stream as usize) * 2 + 1 < graph.nodes);
        // The first child below conditions takes what holds, the second the rest.
        let start_if = (place > 0).then_some(place % 2 == 1);
        let conditions = if has_children { Conditions::Half } else { Conditions::None };
        Node { start_if, conditions, ..plain(stream) }
    };
    let streams = (0..).take(graph.nodes);
    match graph.shape {
        Shape::Chain | Shape::Wide | Shape::Fan | Shape::Layered | Shape::Diamonds => {
            streams.map(plain).collect()
        }
        Shape::ConditionTree => streams.map(tree).collect(),
        Shape::Random => streams.map(|stream| random(stream, seed)).collect(),
        Shape::Cursion => cursion(graph, seed),
    }
}

/// A node that may have anything; what it has no use for, such as a side below a node without conditions, is
/// not looked at when it runs.
fn random(stream: u32, seed: u64) -> Node {
    let mut random = Random::at(seed ^ KINDS, stream.into());
    let task_type = random.one_of(&[
        SCAN, SCAN, SCAN, SCAN, SCAN, "test", "test", "case", "report", "slack", "slack", "email", "webhook",
        "phone", "issue", "",
    ]);
    let conditions =
        if random.once_in(4) { Conditions::Drawn(1 + random.below(4)) } else { Conditions::None };
    let start_if = random.one_of(&[Some(true), Some(true), Some(true), Some(false), Some(false), None]);
    Node { stream, task_type, start_if, conditions }
}

/// Two children hang below conditions, an only one may.
fn cursion(graph: &Graph, seed: u64) -> Vec<Node> {
    let mut children = vec![0_u32; graph.nodes];
    for &(source, _) in &graph.edges {
        children[source as usize] += 1;
    }
    let parents = graph.parents();
    let mut nodes: Vec<Node> = Vec::with_capacity(graph.nodes);
    let mut with_first = vec![false; graph.nodes];
    for (node, stream) in (0..graph.nodes).zip(0..) {
        let mut random = Random::at(seed ^ KINDS, u64::from(stream));
        let parent = parents[node].first().map(|&parent| parent as usize);
        let task_type = match (parent, children[node]) {
            (None, _) => random.one_of(&[SCAN, "test"]),
            (Some(_), 0) => random.one_of(&["slack", "email", "webhook", "phone", "report", "issue"]),
            (Some(_), _) => random.one_of(&[SCAN, "test", "case", "slack"]),
        };
        let has_conditions = children[node] == 2 || (children[node] == 1 && random.once_in(3));
        let conditions =
            if has_conditions { Conditions::Drawn(1 + random.below(4)) } else { Conditions::None };
        let start_if = parent
            .filter(|&parent| nodes[parent].conditions != Conditions::None)
            .map(|parent| !std::mem::replace(&mut with_first[parent], true));
        nodes.push(Node { stream, task_type, start_if, conditions });
    }
    nodes
}
