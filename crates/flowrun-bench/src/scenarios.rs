//! Everything that is measured, by name.

use std::fmt;
use std::sync::Arc;

use crate::document::{self, Detail, Ids};
use crate::graph::{FlatGraph, SHAPES, Shape, graph, size_name};
use crate::subjects::{self, Work};
use crate::{Case, Comparison, floors};

/// Something to measure. Its graph is made when it is asked for, so that a list of them is cheap.
pub struct Scenario {
    name: String,
    build: Box<dyn Fn() -> Comparison>,
}

impl Scenario {
    fn new(name: String, build: impl Fn() -> (Case, Vec<Case>, Option<usize>) + 'static) -> Self {
        let named = name.clone();
        let build = move || {
            let (subject, floors, text_bytes) = build();
            Comparison { name: named.clone(), subject, floors, text_bytes }
        };
        Self { name, build: Box::new(build) }
    }

    /// What is measured on what, such as `run layered/10k`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes the graph or the text, the subject and its floors.
    #[must_use]
    pub fn build(&self) -> Comparison {
        (self.build)()
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Everything, on graphs of these sizes. Documents have at most 100,000 nodes: larger ones of this kind are
/// over the engine's limit for a text.
#[must_use]
pub fn all(sizes: &[usize]) -> Vec<Scenario> {
    let mut all = Vec::new();
    for &size in sizes {
        all.extend(SHAPES.map(|shape| run(shape, size)));
        all.extend(SHAPES.map(|shape| core(shape, size)));
    }
    for &size in sizes.iter().filter(|size| (1_000..=100_000).contains(*size)) {
        all.extend([Shape::Chain, Shape::Wide, Shape::Layered].map(|shape| link(shape, size, Ids::Numbers)));
        all.extend([Ids::Names, Ids::Uuids].map(|ids| link(Shape::Layered, size, ids)));
        all.extend([read(size), text_to_run(size), write(size)]);
        all.extend([Shape::Wide, Shape::Layered].map(|shape| pending(shape, size)));
        all.extend(
            [Shape::Chain, Shape::Wide, Shape::Layered].map(|shape| run_doing(Work::Function, shape, size)),
        );
    }
    all.push(crowd());
    all.extend([1, 10, 100].map(watched));
    all
}

/// A run from its start to its end, the public way, beside one boxed future a node and a bare walk.
#[must_use]
pub fn run(shape: Shape, nodes: usize) -> Scenario {
    run_doing(work(shape), shape, nodes)
}

/// Conditions need objects; elsewhere nothing is done.
fn work(shape: Shape) -> Work {
    if shape == Shape::ConditionTree { Work::Finds } else { Work::Nothing }
}

/// The same with executors of choice.
#[must_use]
pub fn run_doing(work: Work, shape: Shape, nodes: usize) -> Scenario {
    let kind = if work == Work::Function { "functions" } else { "run" };
    Scenario::new(format!("{kind} {shape}/{}", size_name(nodes)), move || {
        let graph = graph(shape, nodes);
        let subject = subjects::engine_run(&document::flow(&graph, Detail::Lean), work);
        let mut floors = vec![floors::boxed(FlatGraph::new(&graph)), floors::kahn(FlatGraph::new(&graph))];
        // A chain through a JoinSet wakes a thread for every node, and a million of anything takes seconds.
        if shape != Shape::Chain && nodes <= 100_000 {
            floors.push(floors::joinset(FlatGraph::new(&graph)));
        }
        (subject, floors, None)
    })
}

fn core(shape: Shape, nodes: usize) -> Scenario {
    Scenario::new(format!("core {shape}/{}", size_name(nodes)), move || {
        let graph = graph(shape, nodes);
        let plan = subjects::plan(&document::flow(&graph, Detail::Lean));
        (subjects::core_run(plan, work(shape)), vec![floors::kahn(FlatGraph::new(&graph))], None)
    })
}

fn pending(shape: Shape, nodes: usize) -> Scenario {
    Scenario::new(format!("pending {shape}/{}", size_name(nodes)), move || {
        let graph = graph(shape, nodes);
        let subject = subjects::engine_run(&document::flow(&graph, Detail::Lean), Work::YieldsOnce);
        (subject, vec![floors::boxed_pending(FlatGraph::new(&graph))], None)
    })
}

fn link(shape: Shape, nodes: usize, ids: Ids) -> Scenario {
    let kind = match ids {
        Ids::Numbers => "link",
        Ids::Names => "link names",
        Ids::Uuids => "link UUIDs",
    };
    Scenario::new(format!("{kind} {shape}/{}", size_name(nodes)), move || {
        let graph = graph(shape, nodes);
        let subject = subjects::link(document::flow_with_ids(&graph, ids));
        (subject, vec![floors::link(graph, ids)], None)
    })
}

/// Reading a document as the canvas saves it, beside reading it as a tree of values.
#[must_use]
pub fn read(nodes: usize) -> Scenario {
    Scenario::new(format!("read chain/{}", size_name(nodes)), move || {
        let text: Arc<str> = full_chain(nodes).into();
        let bytes = text.len();
        let floors =
            vec![floors::read_value(Arc::clone(&text), nodes), floors::count_bytes(Arc::clone(&text), nodes)];
        (subjects::read(text, nodes), floors, Some(bytes))
    })
}

fn text_to_run(nodes: usize) -> Scenario {
    Scenario::new(format!("text to run chain/{}", size_name(nodes)), move || {
        let text = full_chain(nodes);
        let bytes = text.len();
        let floor = floors::read_value(text.as_str().into(), nodes);
        (subjects::text_to_run(text, nodes), vec![floor], Some(bytes))
    })
}

fn write(nodes: usize) -> Scenario {
    Scenario::new(format!("write chain/{}", size_name(nodes)), move || {
        let text = full_chain(nodes);
        let (bytes, floor) = (text.len(), floors::write_value(&text, nodes));
        let flow = flowrun::Flow::from_json(text).expect("a measured document is well-formed");
        (subjects::write(subjects::plan(&flow)), vec![floor], Some(bytes))
    })
}

fn crowd() -> Scenario {
    Scenario::new("1000 runs at once layered/12".to_owned(), || {
        let (runs, small) = (1_000, graph(Shape::Layered, 12));
        let subject = subjects::crowd(&document::flow(&small, Detail::Lean), runs);
        (subject, vec![floors::boxed(FlatGraph::new(&graph(Shape::Layered, 12 * runs)))], None)
    })
}

fn watched(watchers: usize) -> Scenario {
    Scenario::new(format!("events read by {watchers} layered/10k"), move || {
        let flow = document::flow(&graph(Shape::Layered, 10_000), Detail::Lean);
        (subjects::watchers(&flow, watchers), Vec::new(), None)
    })
}

fn full_chain(nodes: usize) -> String {
    document::text(&graph(Shape::Chain, nodes), Detail::Full)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Effort;

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_does_its_work() {
        let scenarios = all(&[100, 1_000]);
        let names = scenarios.iter().map(Scenario::name).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), scenarios.len());
        for scenario in &scenarios {
            // The cases themselves check that all of their work was done.
            let figure = scenario.build().measure(Effort { rounds: 1, units_per_round: 1 });
            assert!(figure.cost.cpu_ns > 0.0, "{figure:?}");
        }
    }
}
