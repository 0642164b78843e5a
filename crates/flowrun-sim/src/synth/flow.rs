//! A flow to be made: shape, size, seed, detail.

use std::fmt;

use flowrun_core::Flow;

use super::{Detail, Graph, Shape, document};

/// A synthetic flow: what it is to be, before it is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Synth {
    pub(super) shape: Shape,
    nodes: usize,
    pub(super) seed: u64,
    pub(super) detail: Detail,
}

impl Synth {
    /// A flow of this shape with that many nodes, with seed 0 and all that a canvas saves.
    ///
    /// # Errors
    ///
    /// [`SynthError`] when there are no nodes, or more than the shape can have.
    pub const fn new(shape: Shape, nodes: usize) -> Result<Self, SynthError> {
        if nodes == 0 || nodes > shape.max_nodes() {
            return Err(SynthError { shape, nodes });
        }
        Ok(Self { shape, nodes, seed: 0, detail: Detail::Full })
    }

    /// Sets the seed. Default: 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how much the document holds. Default: what a canvas saves.
    #[must_use]
    pub const fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// The graph alone.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Graph::new(self.shape, self.nodes, self.seed)
    }

    /// The text of the flow: one line of JSON.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges).
    #[must_use]
    pub fn json(&self) -> String {
        document::text(&self.graph(), self.detail, self.seed)
    }

    /// The flow.
    ///
    /// # Panics
    ///
    /// Never: every shape is within the default reading limits, which a test holds.
    #[must_use]
    pub fn flow(&self) -> Flow {
        Flow::from_json(self.json()).expect("a synthetic document is well-formed and within every limit")
    }
}

/// How to make it again: `flowrun synth --shape random --nodes 12 --seed 7`.
impl fmt::Debug for Synth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, nodes, seed, detail } = self;
        write!(f, "flowrun synth --shape {shape} --nodes {nodes} --seed {seed}")?;
        f.write_str(if *detail == Detail::Lean { " --lean" } else { "" })
    }
}

/// There is no such flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a flow of the shape `{shape}` has 1 to {} nodes, not {nodes}", .shape.max_nodes())]
pub struct SynthError {
    shape: Shape,
    nodes: usize,
}

#[cfg(test)]
mod tests {
    use flowrun_core::{Plan, TaskTypes};

    use super::*;

    #[test]
    fn every_shape_is_a_plan_at_every_size_and_detail() {
        for shape in Shape::ALL {
            for nodes in [1, 2, 3, 5, 12, 400] {
                let Ok(synth) = Synth::new(shape, nodes) else { continue };
                for seed in 0..8 {
                    for detail in [Detail::Lean, Detail::Full] {
                        let synth = synth.seed(seed).detail(detail);
                        let flow = synth.flow();
                        assert_eq!(flow.node_count(), nodes, "{synth:?}");
                        assert_eq!(flow.edges().len(), synth.graph().edges.len(), "{synth:?}");
                        let plan = Plan::new(&flow, &TaskTypes::documented());
                        assert!(plan.is_ok(), "{synth:?}: {:?}", plan.err());
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_flow_of_every_shape_is_within_the_limits_of_reading() {
        let limits = flowrun_core::ReadLimits::default();
        for shape in Shape::ALL {
            // A hundredth stands in for the whole: numbers are two digits shorter, in up to five places.
            let hundredth = (shape.max_nodes() / 100).max(1);
            let synth = Synth::new(shape, hundredth).unwrap();
            let edges = synth.graph().edges.len();
            let bytes = synth.json().len() + 2 * (2 * hundredth + 3 * edges);
            assert!(bytes * 100 <= limits.max_bytes, "{shape}: {bytes} bytes");
            assert!(edges * 100 <= limits.max_edges, "{shape}: {edges} edges");
        }
    }

    #[test]
    fn a_seed_gives_the_same_bytes_and_another_seed_others() {
        let json = |seed| Synth::new(Shape::Random, 300).unwrap().seed(seed).json();
        assert_eq!(json(1), json(1));
        assert_ne!(json(1), json(2));
        // What was made once is made for ever: people keep seeds.
        assert_eq!(hash(&json(1)), FIRST);
    }

    #[test]
    fn sizes_beyond_the_shape_are_refused() {
        assert!(Synth::new(Shape::Chain, 0).is_err());
        let error = Synth::new(Shape::Cursion, 13).unwrap_err();
        assert_eq!(error.to_string(), "a flow of the shape `cursion` has 1 to 12 nodes, not 13");
    }

    const FIRST: u64 = 14_623_636_776_180_320_164;

    /// FNV-1a, enough to notice a change.
    fn hash(text: &str) -> u64 {
        text.bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }
}
