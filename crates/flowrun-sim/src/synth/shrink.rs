//! From a flow that breaks a property to the part of it that does.
//!
//! Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002: large parts
//! first, then smaller ones, until nothing can be taken away alone. Every part of a synthetic flow is a flow.

use std::ops::RangeInclusive;
use std::vec;

use flowrun_core::Flow;
use proptest::strategy::ValueTree;

use super::node::{Conditions, Node, SCAN, nodes};
use super::{Detail, Graph, Synth, document};

/// A flow on its way to a smaller one.
#[derive(Debug)]
pub(super) struct Shrinking {
    part: Part,
    /// What was there before the last cut, as long as nobody knows whether that went too far.
    before: Option<Part>,
    /// What is still to be tried in this round.
    cuts: vec::IntoIter<Cut>,
    /// Whether this round has taken anything away.
    has_cut: bool,
}

/// What is left of a flow.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    synth: Synth,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    detail: Detail,
}

/// An edge: its own place, and those of its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    place: u32,
    source: u32,
    target: u32,
}

/// Something to take away. Places are those of the whole flow.
#[derive(Clone, Debug)]
enum Cut {
    Detail,
    Nodes(RangeInclusive<u32>),
    Edges(RangeInclusive<u32>),
    Conditions(u32),
    LastExpression(u32),
    Side(u32),
    TaskType(u32),
}

impl Shrinking {
    pub(super) fn new(synth: Synth) -> Self {
        let part = Part::whole(synth);
        Self { before: None, cuts: part.cuts().into_iter(), has_cut: false, part }
    }

    /// Another round finds what could not be taken away before something else was.
    fn next_cut(&mut self) -> Option<Cut> {
        if self.cuts.as_slice().is_empty() && std::mem::take(&mut self.has_cut) {
            self.cuts = self.part.cuts().into_iter();
        }
        self.cuts.next()
    }
}

impl ValueTree for Shrinking {
    type Value = Flow;

    fn current(&self) -> Flow {
        self.part.flow()
    }

    fn simplify(&mut self) -> bool {
        self.has_cut |= self.before.take().is_some();
        while let Some(cut) = self.next_cut() {
            if let Some(smaller) = self.part.without(&cut) {
                self.before = Some(std::mem::replace(&mut self.part, smaller));
                return true;
            }
        }
        false
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.part = before;
        true
    }
}

impl Part {
    fn whole(synth: Synth) -> Self {
        let graph = synth.graph();
        let edges = (0..).zip(&graph.edges);
        let edges = edges.map(|(place, &(source, target))| Edge { place, source, target }).collect();
        Self { nodes: nodes(&graph, synth.seed), edges, detail: synth.detail, synth }
    }

    fn flow(&self) -> Flow {
        let number = |place| {
            let found = self.nodes.binary_search_by_key(&place, |node| node.stream);
            found.expect("edges go with their nodes") as u32
        };
        let edges = self.edges.iter().map(|edge| (number(edge.source), number(edge.target))).collect();
        let graph = Graph { shape: self.synth.shape, nodes: self.nodes.len(), edges };
        let text = document::write(&graph, &self.nodes, self.detail, self.synth.seed);
        Flow::from_json(text).expect("a part of a synthetic document is well-formed and within every limit")
    }

    /// What may be taken away, in the order in which it is tried.
    fn cuts(&self) -> Vec<Cut> {
        let nodes: Vec<u32> = self.nodes.iter().map(|node| node.stream).collect();
        let edges: Vec<u32> = self.edges.iter().map(|edge| edge.place).collect();
        let of_a_node = [Cut::Conditions, Cut::LastExpression, Cut::Side, Cut::TaskType];
        let mut cuts = vec![Cut::Detail];
        cuts.extend(ranges(&nodes).map(Cut::Nodes));
        cuts.extend(ranges(&edges).map(Cut::Edges));
        cuts.extend(nodes.iter().flat_map(|&place| of_a_node.map(|cut| cut(place))));
        cuts
    }

    /// What is left after a cut; `None` when that is nothing, or nothing was there to take away.
    fn without(&self, cut: &Cut) -> Option<Self> {
        let mut left = self.clone();
        match cut {
            Cut::Detail => left.detail = Detail::Lean,
            Cut::Nodes(range) => {
                left.nodes.retain(|node| !range.contains(&node.stream));
                left.edges.retain(|edge| !range.contains(&edge.source) && !range.contains(&edge.target));
            }
            Cut::Edges(range) => left.edges.retain(|edge| !range.contains(&edge.place)),
            Cut::Conditions(place) => left.node(*place)?.conditions = Conditions::None,
            Cut::LastExpression(place) => {
                let node = left.node(*place)?;
                let Conditions::Drawn(count @ 2..) = node.conditions else { return None };
                node.conditions = Conditions::Drawn(count - 1);
            }
            Cut::Side(place) => left.node(*place)?.start_if = None,
            Cut::TaskType(place) => left.node(*place)?.task_type = SCAN,
        }
        (left != *self && !left.nodes.is_empty()).then_some(left)
    }

    fn node(&mut self, place: u32) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.stream == place)
    }
}

/// Halves of all places, then quarters, down to single ones.
fn ranges(places: &[u32]) -> impl Iterator<Item = RangeInclusive<u32>> {
    let sizes = std::iter::successors(Some(places.len().div_ceil(2)), |size| (*size > 1).then(|| size / 2));
    sizes
        .filter(|size| *size > 0)
        .flat_map(|size| places.chunks(size).filter_map(|chunk| Some(*chunk.first()?..=*chunk.last()?)))
}
