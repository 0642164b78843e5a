use flowrun::{Condition, Flow, NodeSpec, Operator, RunRequest, RunStatus, Site};
use flowrun_testkit::script::{Script, ScriptedExecutor};
use measure::Measure;

#[tokio::test(start_paused = true)]
async fn a_long_address_is_told_a_month_later() -> Result<(), Box<dyn std::error::Error>> {
    let flow = Flow::builder()
        .node(NodeSpec::new("1", "measure").condition(Condition::new("length", Operator::AtLeast, 30)))
        .node(NodeSpec::new("2", "slack").start_if(true))
        .edge("1", "2")
        .build()?;
    // The script does every documented task type; `measure` is done by the real executor.
    let script = Script::parse("[types.slack]\nafter = '30d'")?;
    let engine = ScriptedExecutor::engine(&script).executor("measure", Measure).build()?;
    let site = Site::new("https://example.com/an/address/of/some/length");
    let run = engine.start(RunRequest::new(flow, site)).await?.result().await?;
    assert_eq!(run.status(), RunStatus::Passed);
    assert!(run.nodes().all(|(_, progress)| progress.status.to_string() == "passed"));
    Ok(())
}
