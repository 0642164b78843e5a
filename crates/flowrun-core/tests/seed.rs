//! The objects of the documentation page the project was founded on.
//!
//! `seed_flow_run.json` is the page's FlowRun; `seed_flow.json` is the Flow it was made from, which is the
//! same without what exists on runs only.

#![expect(clippy::unwrap_used, reason = "a test: what cannot be read must fail it")]

use std::sync::Arc;

use flowrun_core::{
    Attempt, Command, Event, Flow, FlowRun, NodeStatus, Outcome, Plan, Run, RunId, RunSpec, RunStatus, Site,
    TaskTypes, Timestamp,
};
use serde_json::{Value, json};

const FLOW_RUN: &str = include_str!("fixtures/seed_flow_run.json");
const FLOW: &str = include_str!("fixtures/seed_flow.json");

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The run of the page, as it was when it was created.
fn created(flow: &str) -> Run {
    let page = FlowRun::from_json(FLOW_RUN).unwrap();
    let plan = Plan::new(&Flow::from_json(flow).unwrap(), &TaskTypes::documented()).unwrap();
    let id: RunId = page.id().unwrap().parse().unwrap();
    let site = Site::new("https://example.com").with_id(page.site_id().unwrap());
    let configs = serde_json::from_str(page.configs().unwrap()).unwrap();
    let spec = RunSpec::new(id, page.time_created().unwrap(), site).configs(configs);
    Run::new(Arc::new(plan), spec)
}

#[test]
fn both_are_read_and_written_back_without_loss() {
    assert_eq!(Flow::from_json(FLOW).unwrap().to_json(), FLOW);
    let run = FlowRun::from_json(FLOW_RUN).unwrap();
    assert_eq!(run.to_json(), FLOW_RUN);
    assert_eq!(run.title().as_deref(), Some("Dual Step Flow"));
    assert_eq!(run.flow_id().as_deref(), Some("cc5a0ede-1aff-4eff-8040-9f4c0783f043"));
    assert_eq!(run.status(), RunStatus::Working);
    assert_eq!(run.logs().len(), 1);
    assert!(run.nodes().all(|(_, progress)| progress.status == NodeStatus::Queued));
}

#[test]
fn the_flow_has_no_findings() {
    let found = Plan::diagnose(&Flow::from_json(FLOW).unwrap(), &TaskTypes::documented());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_run_of_the_flow_is_created_as_the_page_shows_it() {
    let mut expected = value(FLOW_RUN);
    // The page's run was written two milliseconds after its first line; ours has one time for both.
    expected["logs"][0]["timestamp"] = json!("2024-11-15 18:01:32.835728");
    assert_eq!(value(&created(FLOW).to_json()), expected);
}

#[test]
fn a_run_differs_from_the_page_in_nothing_but_its_progress() {
    let mut run = created(FLOW);
    let at = Timestamp::from_micros(1_731_693_693_000_000);
    let mut event = Event::Started;
    loop {
        let decision = run.handle(at, event).unwrap();
        let [call] = decision.calls[..] else {
            assert_eq!(decision.commands, [Command::End], "nothing but calls, then the end");
            break;
        };
        let (node, attempt) = (call.node(), call.attempt());
        event = Event::AttemptEnded { node, attempt, outcome: Outcome::Done };
    }
    let (mut ours, mut page) = (value(&run.to_json()), value(FLOW_RUN));
    assert_eq!(ours["status"], "passed");
    for document in [&mut ours, &mut page] {
        let top = document.as_object_mut().unwrap();
        top.retain(|key, _| !["status", "time_completed", "logs"].contains(&key.as_str()));
        for node in document["nodes"].as_array_mut().unwrap() {
            let progress = ["status", "finalized", "time_started", "time_completed", "objects"];
            let data = node["data"].as_object_mut().unwrap();
            assert!(progress.iter().all(|key| data.remove(*key).is_some()));
        }
    }
    assert_eq!(ours, page);
}

/// Adds an unknown key to every object inside, except where the run alone decides what stands there.
fn mark(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(mark);
            members.insert("unknown \"key\"".into(), json!({"é": [1e2, null, {"x": "\u{1}"}]}));
        }
        Value::Array(elements) => elements.iter_mut().for_each(mark),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn unknown_keys_inside_nodes_and_edges_survive_a_run_at_every_level() {
    let mut flow = value(FLOW);
    mark(&mut flow["nodes"]);
    mark(&mut flow["edges"]);
    let mut run = created(&flow.to_string());
    let at = Timestamp::EPOCH;
    run.handle(at, Event::Started).unwrap();
    let node = run.plan().find("1").unwrap();
    run.handle(at, Event::AttemptEnded { node, attempt: Attempt::FIRST, outcome: Outcome::Done }).unwrap();
    let ours = value(&run.to_json());
    for part in ["nodes", "edges"] {
        assert!(contains(&ours[part], &flow[part]), "{part}");
    }
}

/// Whether everything in `part` stands in `whole` too.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}
