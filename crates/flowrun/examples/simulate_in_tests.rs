//! Tests of a flow without its executors: a script says what they do, and time is virtual.
//!
//! `cargo test -p flowrun --example simulate_in_tests`

use std::sync::Arc;

use flowrun::{Flow, NodeSpec, NodeStatus, Plan, PlanError, ReadError, RunStatus, TaskTypes};
use flowrun_sim::outcomes::outcomes;
use flowrun_sim::script::{RunSettings, Script};
use flowrun_sim::sim::simulate;

/// Scans; a good page is reported to one place and a bad one to another.
fn flow() -> Result<Flow, ReadError> {
    use flowrun::{Condition, Operator};
    Flow::builder()
        .node(NodeSpec::new("scan", "scan").condition(Condition::new("score", Operator::AtLeast, 60)))
        .node(NodeSpec::new("good", "webhook").set("uri", "https://example.com/good").start_if(true))
        .node(NodeSpec::new("bad", "slack").set("message", "{{page_url}}").start_if(false))
        .edge("scan", "good")
        .edge("scan", "bad")
        .build()
}

fn plan() -> Result<Arc<Plan>, Box<dyn std::error::Error>> {
    let planned: Result<Plan, PlanError> = Plan::new(&flow()?, &TaskTypes::documented());
    Ok(Arc::new(planned?))
}

/// Sixteen hours of waiting take no time at all.
fn a_bad_page_is_told_of_after_retries() -> Result<(), Box<dyn std::error::Error>> {
    let script = Script::parse(
        r#"
        [run]
        max_attempts = 3
        first_wait = "8h"
        [nodes.scan]
        objects = [{ status = "passed", facts = { score = 40 } }]
        attempts = [{ end = "failed" }, { end = "failed" }]
        "#,
    )?;
    let simulated = simulate(&plan()?, &script)?;
    let run = simulated.flow_run();
    assert_eq!(run.status(), RunStatus::Passed);
    assert_eq!(run.node("bad").map(|node| node.status), Some(NodeStatus::Passed));
    assert_eq!(run.node("good").map(|node| node.status), Some(NodeStatus::Queued), "it is skipped");
    assert_eq!(simulated.elapsed().as_secs(), 16 * 3600);
    Ok(())
}

/// Whatever the executors do, somebody is told: no end of the flow has both receivers skipped after a scan that passed.
fn nobody_is_left_out() -> Result<(), Box<dyn std::error::Error>> {
    let plan = plan()?;
    let all = outcomes(&plan, &RunSettings::default(), 1_000);
    assert!(all.is_exhaustive);
    let [good, bad] = ["good", "bad"].map(|id| plan.find(id).expect("the flow has it").index());
    for end in all.ends.iter().filter(|end| end.status == RunStatus::Passed) {
        let told = end.nodes[good] == NodeStatus::Passed || end.nodes[bad] == NodeStatus::Passed;
        assert!(told || simulate(&plan, &end.script)?.run().objects(flowrun::NodeIx::new(0)).is_empty());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    a_bad_page_is_told_of_after_retries()?;
    nobody_is_left_out()
}

#[test]
fn the_flow_does_what_it_should() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
