//! What open runs cost that do nothing but wait: memory, and the time to take them up in a new engine.
//!
//! `cargo run --release -p flowrun --features sqlite --example open_runs -- 10000`
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowrun::{
    Context, Engine, Flow, NodeSpec, Outcome, RetryPolicy, RunPolicy, RunRequest, Site, SqliteStore, Task,
    TaskExecutor, async_trait,
};
use futures::future::try_join_all;

/// Fails in a way that may pass, so that its node waits for another attempt.
struct Busy;

#[async_trait]
impl TaskExecutor for Busy {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::failed("busy").retryable()
    }
}

fn engine(file: &Path) -> Result<Engine, Box<dyn Error>> {
    let day = Duration::from_secs(24 * 3600);
    let retry = RetryPolicy::default().max_attempts(2).first_wait(day).max_wait(day);
    let store = SqliteStore::open_file(file)?;
    Ok(Engine::builder()
        .executor("busy", Busy)
        .store(store)
        .policy(RunPolicy::default().retry(retry))
        .build()?)
}

/// Megabytes of memory in use, where the system tells.
fn megabytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<usize>().ok().map(|kilobytes| kilobytes / 1024)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("runs.db");
    let flow = (1..=5).fold(Flow::builder(), |flow, id| flow.node(NodeSpec::new(id.to_string(), "busy")));
    let flow = flow.edge("1", "2").edge("2", "3").edge("3", "4").edge("4", "5").build()?;

    let first = engine(&file)?;
    let plan = first.plan(&flow)?;
    let started = Instant::now();
    for _ in 0..count.div_ceil(500) {
        let request = || RunRequest::of_plan(Arc::clone(&plan), Site::new("https://example.com"));
        try_join_all((0..500.min(count)).map(|_| first.start(request()))).await?;
    }
    println!("started {count} runs in {:?}", started.elapsed());
    first.shutdown(Duration::ZERO).await;
    drop((first, plan));

    let before = megabytes();
    let next = engine(&file)?;
    let started = Instant::now();
    let recovered = next.recover().await?;
    println!("recovered {} runs in {:?}", recovered.resumed.len(), started.elapsed());
    println!("memory: {:?} MB before, {:?} MB after", before, megabytes());
    println!("left untouched: {:?}", recovered.untouched.first());
    Ok(())
}
