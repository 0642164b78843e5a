//! Synthetic flows for property tests: shrunk to fewer nodes, an earlier shape and a smaller seed.

use std::ops::RangeInclusive;

use flowrun_core::Flow;
use proptest::prelude::*;

use super::{Shape, Synth};

/// Flows to be made, of any of these shapes. Failures shrink towards fewer nodes, then shapes named first,
/// then smaller seeds; of a random flow, what is left is its beginning.
///
/// ```
/// use flowrun_testkit::synth::{Shape, synths};
/// use proptest::prelude::*;
///
/// proptest!(|(synth in synths(&[Shape::Chain, Shape::Random], 1..=40))| {
///     prop_assert!(synth.flow().node_count() <= 40);
/// });
/// ```
///
/// # Panics
///
/// When no shape is named, or the range holds no node.
pub fn synths(shapes: &[Shape], nodes: RangeInclusive<usize>) -> impl Strategy<Value = Synth> + use<> {
    assert!(*nodes.end() > 0, "a flow has a node");
    let seeds = prop_oneof![0..16_u64, any::<u64>()];
    (nodes, proptest::sample::select(shapes.to_vec()), seeds).prop_map(|(nodes, shape, seed)| {
        let nodes = nodes.clamp(1, shape.max_nodes());
        Synth::new(shape, nodes).expect("the size was made to fit").seed(seed)
    })
}

/// The flows themselves; see [`synths`], whose values say in a failure how to make them again.
///
/// # Panics
///
/// As [`synths`].
pub fn flows(shapes: &[Shape], nodes: RangeInclusive<usize>) -> impl Strategy<Value = Flow> + use<> {
    synths(shapes, nodes).prop_map(|synth| synth.flow())
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{TestError, TestRunner};

    use super::*;

    #[test]
    fn a_failure_shrinks_to_the_smallest_flow_that_fails() {
        let failed = TestRunner::deterministic().run(&synths(&Shape::ALL, 1..=200), |synth| {
            prop_assert!(synth.graph().edges.len() < 5);
            Ok(())
        });
        let Err(TestError::Fail(_, smallest)) = failed else { panic!("some flow has 5 edges: {failed:?}") };
        let edges = smallest.graph().edges.len();
        assert!((5..9).contains(&edges), "{smallest:?} has {edges} edges");
    }
}
