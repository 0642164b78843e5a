//! A value goes from one own node to the next, and decides which of two nodes runs.
//!
//! A node hands on objects: entries with facts. A condition reads the facts, and what takes objects is a receiver.
//!
//! `cargo run -p flowrun --example values_between_nodes`

use flowrun::{
    Condition, Context, Engine, Executors, Facts, Flow, MemoryStore, NodeSpec, NodeStatus, ObjectEntry,
    ObjectStatus, Operator, Outcome, Role, RunRequest, Site, Task,
};

/// Yields an object whose `length` is a fact.
fn measure(task: &Task, context: &Context) -> Outcome {
    for resource in task.resources() {
        let entry = ObjectEntry::new(&resource.id, "measure-1").with_status(ObjectStatus::Passed);
        let length = resource.url.len();
        context
            .report_object(entry, Some(Facts::new(serde_json::json!({"type": "measure", "length": length}))));
    }
    Outcome::done()
}

/// Reads the value of each object that it is handed.
fn tell(task: &Task, context: &Context) -> Outcome {
    for object in task.objects() {
        let length = object.facts.as_ref().and_then(|facts| facts.attributes().get("length")).cloned();
        context.log(format!(
            "{} is {} long",
            object.entry.fact_id().unwrap_or("it"),
            length.unwrap_or_default()
        ));
        context.report_object(object.entry.clone().with_status(ObjectStatus::Passed), None);
    }
    Outcome::done()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executors = Executors::new().function("measure", measure);
    let executors = executors.function_as("tell", Role::Receiver, tell);
    let flow = Flow::builder()
        .node(NodeSpec::new("measure", "measure").condition(Condition::new("length", Operator::AtLeast, 30)))
        .node(NodeSpec::new("long", "tell").start_if(true))
        .node(NodeSpec::new("short", "tell").start_if(false))
        .edge("measure", "long")
        .edge("measure", "short")
        .build()?;
    let engine = Engine::new(executors, MemoryStore::default())?;
    let site = Site::new("https://example.com/an/address/of/some/length");
    let run = engine.start(RunRequest::new(flow, site)).await?.result().await?;
    assert_eq!(run.node("long").map(|node| node.status), Some(NodeStatus::Passed));
    assert_eq!(run.node("short").map(|node| node.status), Some(NodeStatus::Queued));
    assert!(run.logs().iter().any(|line| line.message == "measure-1 is 45 long"));
    Ok(())
}

#[test]
fn the_value_arrives_and_decides() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
