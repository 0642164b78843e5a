//! The smallest flow: one node, one executor.
//!
//! `cargo run -p flowrun --example greet`

use flowrun::{Context, Engine, Executors, Flow, MemoryStore, NodeSpec, Outcome, RunRequest, Site, Task};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greet = |task: &Task, context: &Context| {
        context.log(format!("hello {}", task.site().site_url()));
        Outcome::done()
    };
    let engine = Engine::new(Executors::new().function("greet", greet), MemoryStore::default())?;
    let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
    let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
    let result = run.result().await?;
    assert!(result.logs().iter().any(|line| line.message == "hello https://example.com"));
    assert_eq!(result.status().to_string(), "passed");
    Ok(())
}

#[test]
fn it_greets() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
