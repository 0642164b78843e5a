//! Scripts in virtual time.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;

use flowrun_core::{Flow, NodeSpec, NodeStatus, Plan, RunStatus, TaskTypes};
use flowrun_sim::script::Script;
use flowrun_sim::sim::{Moment, simulate, simulate_watched};
use flowrun_sim::synth::{Shape, Synth};

fn planned(flow: &Flow) -> Arc<Plan> {
    Arc::new(Plan::new(flow, &TaskTypes::documented()).unwrap())
}

/// A scan that tells Slack.
fn pair() -> Arc<Plan> {
    let flow = Flow::builder().node(NodeSpec::new("1", "scan")).node(NodeSpec::new("2", "slack"));
    planned(&flow.edge("1", "2").build().unwrap())
}

/// The timeline of a script, a line for each record that is told.
fn timeline(plan: &Arc<Plan>, script: &str) -> String {
    let script = Script::parse(script).unwrap();
    let mut lines = String::new();
    let simulated = simulate_watched(plan, &script, |at, record| {
        let Moment { at_ms, node, what, .. } = Moment::new(plan, at, record);
        lines += &format!("{at_ms} {} {what}\n", node.as_deref().unwrap_or("-"));
    });
    let hanging = simulated.unwrap().hanging();
    if hanging.is_empty() { lines } else { format!("{lines}hanging: {hanging:?}\n") }
}

#[test]
fn an_empty_script_lets_everything_pass_with_typical_objects() {
    insta::assert_snapshot!(timeline(&pair(), ""), @r"
    0 - run started
    0 1 attempt 1 started
    0 1 objects: scan-1-1 working
    0 1 objects: scan-1-1 passed
    0 1 passed
    0 2 attempt 1 started
    0 2 objects: scan-1-1 passed
    0 2 passed
    0 - run passed
    ");
}

#[test]
fn a_failed_attempt_is_made_again_and_a_month_passes_at_once() {
    let script = "
        run = { max_attempts = 2, first_wait = '30d' }
        nodes.1 = { after = '30d', attempts = [{ end = 'failed', objects = [] }] }
    ";
    insta::assert_snapshot!(timeline(&pair(), script), @r"
    0 - run started
    0 1 attempt 1 started
    0 1 log: failed, says the script
    0 1 attempt 2 follows at 30d
    2592000000 1 attempt 2 started
    2592000000 1 objects: scan-1-1 working
    5184000000 1 objects: scan-1-1 passed
    5184000000 1 passed
    5184000000 2 attempt 1 started
    5184000000 2 objects: scan-1-1 passed
    5184000000 2 passed
    5184000000 - run passed
    ");
}

#[test]
fn a_cancel_stops_what_listens_at_once_and_drops_what_is_deaf() {
    let flow =
        Flow::builder().node(NodeSpec::new("1", "scan")).node(NodeSpec::new("2", "scan")).build().unwrap();
    let script = "
        run.cancel_after = '10s'
        nodes.1 = { objects = [], end = 'hang' }
        nodes.2 = { objects = [], end = 'hang', deaf = true }
    ";
    insta::assert_snapshot!(timeline(&planned(&flow), script), @r"
    0 - run started
    0 1 attempt 1 started
    0 2 attempt 1 started
    10000 - cancel requested
    10000 1 log: cancelled
    10000 1 failed
    15000 2 log: cancelled
    15000 2 failed
    15000 - run cancelled
    ");
}

#[test]
fn a_panic_is_a_line_and_a_deadline_is_kept() {
    let script = "
        run = { attempt_timeout = '1s', configs = { end_on_fail = false } }
        nodes.1 = { objects = [{ count = 1 }], end = 'panic' }
        nodes.2 = { end = 'hang' }
    ";
    insta::assert_snapshot!(timeline(&pair(), script), @r"
    0 - run started
    0 1 attempt 1 started
    0 1 objects: scan-1-1 working
    0 1 log: executor panicked: says the script
    0 1 failed
    0 2 attempt 1 started
    1000 2 log: timed out after 1 s
    1000 2 objects: scan-1-1 failed
    1000 2 failed
    1000 - run failed
    ");
}

#[test]
fn a_run_that_nothing_ends_names_the_nodes_that_hang() {
    assert!(timeline(&pair(), "[nodes.1]\nend = 'hang'").ends_with("hanging: [NodeIx(0)]\n"));
}

#[test]
fn a_node_that_the_flow_does_not_have_is_named() {
    let script = Script::parse("[nodes.3]\nend = 'panic'").unwrap();
    let error = simulate(&pair(), &script).unwrap_err();
    assert_eq!(error.to_string(), "the script speaks of node `3`, which this flow does not define");
}

#[test]
fn a_name_that_nothing_has_is_told_with_the_one_that_was_meant() {
    let flow = Flow::builder().node(NodeSpec::new("nightly", "scan")).build().unwrap();
    let told =
        |script: &str| simulate(&planned(&flow), &Script::parse(script).unwrap()).unwrap_err().to_string();
    assert_eq!(
        told("nodes.nigthly.end = 'failed'"),
        "the script speaks of node `nigthly`, which this flow does not define; did you mean `nightly`?"
    );
    assert_eq!(
        told("types.scna.end = 'failed'"),
        "the script speaks of task type `scna`, which is neither documented nor among its `own_types`; \
         did you mean `scan`?"
    );
    // A type of the script's own that no node has is fine, and so is a documented one.
    let script = "run.own_types.audit = 'producer'\ntypes.audit.end = 'failed'\ntypes.phone.end = 'failed'";
    assert!(simulate(&planned(&flow), &Script::parse(script).unwrap()).is_ok());
}

#[test]
fn ten_thousand_nodes_end_by_default() {
    let flow = Synth::new(Shape::Layered, 10_000).unwrap().flow();
    let simulated = simulate(&planned(&flow), &Script::default()).unwrap();
    assert_eq!(simulated.run().status(), RunStatus::Passed);
    let last = simulated.run().plan().find("10000").unwrap();
    assert_eq!(simulated.run().node_status(last), NodeStatus::Passed);
}
