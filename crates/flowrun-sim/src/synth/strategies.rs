//! Synthetic flows for property tests.

use std::ops::RangeInclusive;

use flowrun_core::Flow;
use proptest::prelude::*;
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

use super::shrink::Shrinking;
use super::{Shape, Synth};

/// Flows of any of these shapes. A failure shrinks to the part of the flow that it needs: nodes and edges are
/// taken away, then conditions, sides and task types, and all that a canvas saves beside them. What is left is
/// shown as JSON, ready for a file.
///
/// ```
/// use flowrun_sim::synth::{Shape, flows};
/// use proptest::prelude::*;
///
/// proptest!(|(flow in flows(&[Shape::Random, Shape::Cursion], 1..=40))| {
///     prop_assert!(flow.node_count() <= 40);
/// });
/// ```
///
/// # Panics
///
/// When no shape is named, or the range holds no node.
pub fn flows(shapes: &[Shape], nodes: RangeInclusive<usize>) -> impl Strategy<Value = Flow> + use<> {
    Flows { synths: synths(shapes, nodes) }
}

/// Flows to be made, of any of these shapes: whole ones, which a command makes again. Failures shrink towards
/// fewer nodes, then shapes named first, then smaller seeds; of a random flow, what is left is its beginning.
///
/// ```
/// use flowrun_sim::synth::{Shape, synths};
/// use proptest::prelude::*;
///
/// proptest!(|(synth in synths(&[Shape::Chain, Shape::Random], 1..=40))| {
///     prop_assert!(synth.graph().edges.iter().all(|(source, target)| source < target));
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

/// Makes whole flows and lets them shrink by their parts.
#[derive(Debug)]
struct Flows<S> {
    synths: S,
}

impl<S: Strategy<Value = Synth>> Strategy for Flows<S> {
    type Tree = Shrinking;
    type Value = Flow;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::new(self.synths.new_tree(runner)?.current()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::TestError;

    use super::*;

    /// The smallest value that is found to break a property.
    fn smallest<S: Strategy>(strategy: &S, holds: impl Fn(&S::Value) -> bool) -> S::Value {
        let failed = TestRunner::deterministic().run(strategy, |value| {
            prop_assert!(holds(&value));
            Ok(())
        });
        let Err(TestError::Fail(_, smallest)) = failed else { panic!("nothing breaks it: {failed:?}") };
        smallest
    }

    #[test]
    fn a_failure_shrinks_to_the_smallest_flow_that_fails() {
        let smallest = smallest(&synths(&Shape::ALL, 1..=200), |synth| synth.graph().edges.len() < 5);
        let edges = smallest.graph().edges.len();
        assert!((5..9).contains(&edges), "{smallest:?} has {edges} edges");
    }

    /// The nodes and edges of a flow, as they stand in its text.
    fn told(flow: &Flow) -> String {
        let nodes = flow.to_json().split_once("\"nodes\":").map_or("", |(_, nodes)| nodes);
        nodes.replace("{\"id\":\"", "\n{\"id\":\"").replace("\"data\":\n", "\"data\":")
    }

    #[test]
    fn a_join_shrinks_to_a_node_with_two_parents() {
        let has_join = |flow: &Flow| {
            let parents = |id| flow.edges().filter(|edge| edge.target == id).count();
            flow.nodes().any(|node| parents(node.id()) > 1)
        };
        for shape in [Shape::Fan, Shape::Layered, Shape::Diamonds, Shape::Random] {
            let smallest = smallest(&flows(&[shape], 1..=200), |flow| !has_join(flow));
            insta::allow_duplicates! {
                insta::assert_snapshot!(told(&smallest), @r#"
                [
                {"id":"1","data":{"id":"1","task_type":"scan","start_if":null,"conditions":null}},
                {"id":"2","data":{"id":"2","task_type":"scan","start_if":null,"conditions":null}},
                {"id":"3","data":{"id":"3","task_type":"scan","start_if":null,"conditions":null}}],"edges":[
                {"id":"1","source":"1","target":"3"},
                {"id":"2","source":"2","target":"3"}]}
                "#);
            }
        }
    }

    #[test]
    fn a_branch_shrinks_to_its_conditions_and_one_child() {
        let is_branch = |flow: &Flow| {
            let is_false = |id| flow.nodes().any(|node| node.id() == id && node.start_if() == Some(false));
            let judges = |id| flow.nodes().any(|node| node.id() == id && node.conditions().is_some());
            flow.edges().any(|edge| judges(edge.source) && is_false(edge.target))
        };
        let smallest = smallest(&flows(&Shape::ALL, 1..=200), |flow| !is_branch(flow));
        insta::assert_snapshot!(told(&smallest), @r#"
        [
        {"id":"1","data":{"id":"1","task_type":"scan","start_if":null,"conditions":[{"joiner":"","data_type":"score","operator":">=","value":"50"}]}},
        {"id":"2","data":{"id":"2","task_type":"scan","start_if":false,"conditions":null}}],"edges":[
        {"id":"1","source":"1","target":"2"}]}
        "#);
    }
}
