//! duroxide: an orchestration awaits one activity after another; history and queues are in the file.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::registry::ActivityRegistry;
use duroxide::runtime::{Runtime, RuntimeOptions};
use duroxide::{ActivityContext, Client, OrchestrationContext, OrchestrationRegistry, OrchestrationStatus};
use futures::future::try_join_all;
use peers_child::Rounds;
use peers_child::durable::{self, Answer, Ask, Settings};
use tokio::time::timeout;

/// Longer than anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    durable::main(std::env::args().nth(1), |ask| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(measure(ask))
    })
}

async fn measure(ask: &Ask) -> Result<Answer, Box<dyn Error>> {
    let path = ask.folder.join("runs.db");
    std::fs::File::create(&path)?;
    let store = Arc::new(SqliteProvider::new(&format!("sqlite:{}", path.display()), None).await?);
    let activities = ActivityRegistry::builder()
        .register("Nothing", |_: ActivityContext, nothing: String| async move { Ok(nothing) })
        .build();
    let nodes = ask.nodes;
    let chain = move |context: OrchestrationContext, _: String| async move {
        for _ in 0..nodes {
            context.schedule_activity("Nothing", "").await?;
        }
        Ok(String::new())
    };
    let orchestrations = OrchestrationRegistry::builder().register("Chain", chain).build();
    let options = options(ask.settings);
    let runtime = Runtime::start_with_options(store.clone(), activities, orchestrations, options).await;
    let client = Client::new(store.clone());

    let mut rounds = Rounds::new();
    while rounds.go_on() {
        let started = Instant::now();
        match timeout(rounds.patience(), round(&client, rounds.count(), ask.runs)).await {
            Ok(ended) => ended.map(|()| rounds.add(started.elapsed()))?,
            Err(_) => rounds.give_up(),
        }
    }
    let synchronous = synchronous(store.get_pool()).await?;
    runtime.shutdown(None).await;
    Ok(Answer::new(rounds, synchronous))
}

/// Starts the runs and waits for the end of all of them. No name may come twice in a file.
async fn round(client: &Client, round: usize, runs: usize) -> Result<(), Box<dyn Error>> {
    let names: Vec<_> = (0..runs).map(|run| format!("{round}-{run}")).collect();
    try_join_all(names.iter().map(|name| client.start_orchestration(name, "Chain", ""))).await?;
    let ends = names.iter().map(|name| client.wait_for_orchestration(name, PATIENCE));
    for status in try_join_all(ends).await? {
        match status {
            OrchestrationStatus::Completed { .. } => {}
            other => return Err(format!("a run ended as {other:?}").into()),
        }
    }
    Ok(())
}

fn options(settings: Settings) -> RuntimeOptions {
    match settings {
        Settings::Documented => RuntimeOptions::default(),
        Settings::Tuned => RuntimeOptions {
            dispatcher_min_poll_interval: Duration::from_millis(1),
            orchestration_concurrency: 4,
            worker_concurrency: 8,
            ..RuntimeOptions::default()
        },
    }
}

/// Asks each connection of the pool, all of them at once, so that none is asked twice.
async fn synchronous(pool: &sqlx::SqlitePool) -> Result<Vec<u8>, sqlx::Error> {
    let mut connections = try_join_all((0..pool.size()).map(|_| pool.acquire())).await?;
    let mut answers = Vec::with_capacity(connections.len());
    for connection in &mut connections {
        let answer: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut **connection).await?;
        answers.push(u8::try_from(answer).unwrap_or(u8::MAX));
    }
    Ok(answers)
}
