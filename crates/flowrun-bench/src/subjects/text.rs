//! Documents: read, checked, made ready to run, and written again.

use std::hint::black_box;
use std::sync::Arc;

use flowrun::{Flow, Plan, Run, RunId, RunSpec, Site, TaskTypes, Timestamp};

use super::Work;
use super::core_loop::run_to_end;
use crate::Case;

/// Reads the text of a flow.
#[must_use]
pub fn read(text: Arc<str>, nodes: usize) -> Case {
    Case::new("Flow", nodes, move |watch| {
        let text = Arc::clone(&text);
        let flow = watch.time(|| Flow::from_json(text).expect("a measured document is well-formed"));
        assert_eq!(flow.node_count(), nodes, "every node is read");
    })
}

/// The same by way of a tree of values that nobody needs: what the gate has to notice.
#[must_use]
pub fn read_as_value_first(text: Arc<str>, nodes: usize) -> Case {
    Case::new("Flow", nodes, move |watch| {
        let text = Arc::clone(&text);
        let flow = watch.time(|| {
            let value: serde_json::Value = serde_json::from_str(&text).expect("the document is JSON");
            drop(black_box(value));
            Flow::from_json(text).expect("a measured document is well-formed")
        });
        assert_eq!(flow.node_count(), nodes, "every node is read");
    })
}

/// Checks a flow: ids, edges, cycles, conditions.
#[must_use]
pub fn link(flow: Flow) -> Case {
    let types = TaskTypes::documented();
    Case::new("Plan", flow.node_count(), move |watch| {
        let plan = watch.time(|| Plan::new(&flow, &types).expect("a measured flow can run"));
        drop(black_box(plan));
    })
}

/// From a text in a `String`, as a file is read, to a run that is ready for its first event.
#[must_use]
pub fn text_to_run(text: String, nodes: usize) -> Case {
    let types = TaskTypes::documented();
    let site = Arc::new(Site::new("https://example.com"));
    Case::new("Run", nodes, move |watch| {
        let text = text.clone();
        let site = Arc::clone(&site);
        let run = watch.time(|| {
            let flow = Flow::from_json(text).expect("a measured document is well-formed");
            let plan = Plan::new(&flow, &types).expect("a measured flow can run");
            Run::new(Arc::new(plan), spec(site))
        });
        drop(black_box(run));
    })
}

/// Writes a run that has ended as the documented JSON.
#[must_use]
pub fn write(plan: Arc<Plan>) -> Case {
    let nodes = plan.node_count();
    let run = run_to_end(plan, spec(Arc::new(Site::new("https://example.com"))), Work::Nothing, |_| ());
    Case::new("FlowRun", nodes, move |watch| {
        let text = watch.time(|| run.to_json());
        assert!(!text.is_empty(), "a run has text");
    })
}

fn spec(site: Arc<Site>) -> RunSpec {
    RunSpec::new(RunId::from_bytes([7; 16]), Timestamp::default(), site)
}
