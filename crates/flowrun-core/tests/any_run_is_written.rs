//! A run is written whatever its flow was read with and whatever its executors report.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use flowrun_core::{
    Event, Flow, FlowRun, ObjectReport, Outcome, Plan, ReadLimits, Report, Run, RunId, RunSpec, RunStatus,
    Site, TaskTypes, Timestamp,
};

/// Runs a flow whose nodes all pass after they reported `objects`.
fn run(flow: &Flow, objects: &[ObjectReport]) -> FlowRun {
    let at = Timestamp::EPOCH;
    let plan = Plan::new(flow, &TaskTypes::documented()).unwrap();
    let spec = RunSpec::new(RunId::from_bytes([1; 16]), at, Site::new("https://example.com"));
    let mut run = Run::new(Arc::new(plan), spec);
    let started = run.handle(at, Event::Started).unwrap().calls.clone();
    for (node, attempt) in started.into_iter().map(|call| (call.node(), call.attempt())) {
        let report = Report::Objects(objects.to_vec());
        run.handle(at, Event::Reported { node, attempt, report }).unwrap();
        run.handle(at, Event::AttemptEnded { node, attempt, outcome: Outcome::Passed }).unwrap();
    }
    run.to_flow_run()
}

#[test]
fn an_entry_that_nests_to_the_limit_is_written_with_the_run_around_it() {
    let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
    let entry = format!(r#"{{"id":"o","status":"passed","deep":{deep}}}"#);
    let report = ObjectReport { entry: serde_json::from_str(&entry).unwrap(), facts: None };
    let flow = Flow::from_json(r#"{"nodes":[{"id":"1","data":{"task_type":"scan"}}]}"#).unwrap();
    let written = run(&flow, &[report]);
    assert_eq!(written.status(), RunStatus::Passed);
    assert_eq!(written.node("1").unwrap().objects[0].id.as_deref(), Some("o"));
    assert!(written.to_json().contains(&deep));
}

#[test]
fn a_flow_over_the_default_limits_gives_a_run_when_its_host_reads_more() {
    let count = ReadLimits::default().max_nodes + 1;
    // Empty nodes but one: what counts here is how many there are.
    let nodes = (1..count).map(|id| format!(r#",{{"id":"{id}"}}"#)).collect::<String>();
    let text = format!(r#"{{"nodes":[{{"id":"0","data":{{"task_type":"scan"}}}}{nodes}]}}"#);
    assert!(Flow::from_json(text.clone()).is_err());
    let flow = Flow::from_json_limited(text, &ReadLimits::default().max_nodes(count)).unwrap();
    assert_eq!(run(&flow, &[]).nodes().len(), count);
}
