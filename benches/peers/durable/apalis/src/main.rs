//! apalis-workflow over apalis-sqlite: each step is a row of a queue, put there when the one before has ended.
#![recursion_limit = "512"]

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqlitePool, SqliteStorage};
use apalis_workflow::{SteppedFlow, WorkflowSink};
use futures::future::{BoxFuture, FutureExt, try_join_all};
use peers_child::Rounds;
use peers_child::durable::{self, Answer, Ask, Settings};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

fn main() -> ExitCode {
    durable::main(std::env::args().nth(1), |ask| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(measure(ask))
    })
}

/// A run counts as ended when its last step was called; that this is written down is not waited for.
async fn measure(ask: &Ask) -> Result<Answer, Box<dyn Error>> {
    let path = ask.folder.join("runs.db");
    std::fs::File::create(&path)?;
    let pool = SqlitePool::connect(&format!("sqlite:{}", path.display())).await?;
    SqliteStorage::setup(&pool).await?;
    // Asked now too: set-up is for one connection, and in the end the worker may be holding just that one.
    let mut synchronous = connections_synchronous(&pool).await?;
    let (batch, poll) = match ask.settings {
        Settings::Documented => (Config::default().batch_size, Duration::from_millis(100)),
        Settings::Tuned => (100, Duration::from_millis(1)),
    };
    let config = Config::default().queue("chains").batch_size(batch);
    let backend = SqliteStorage::<u32>::new(&pool).with_config(config);
    let (ended, mut ends) = unbounded_channel();
    let work = work(ask.nodes, backend.clone(), poll, ended).ok_or("no flow of that length was written")?;
    let work = tokio::spawn(work);

    let mut rounds = Rounds::new();
    while rounds.go_on() {
        let started = Instant::now();
        match timeout(rounds.patience(), round(&backend, &mut ends, ask.runs)).await {
            Ok(Ok(true)) => rounds.add(started.elapsed()),
            Ok(Ok(false)) => return Err(format!("the worker stopped: {:?}", work.await).into()),
            Ok(Err(error)) => return Err(error),
            Err(_) => rounds.give_up(),
        }
    }
    synchronous.extend(connections_synchronous(&pool).await?);
    Ok(Answer::new(rounds, synchronous))
}

/// Starts the runs and waits for the end of all of them; false if the worker stops before.
async fn round(
    backend: &SqliteStorage<u32>,
    ends: &mut UnboundedReceiver<()>,
    runs: usize,
) -> Result<bool, Box<dyn Error>> {
    let start = |_| {
        let mut backend = backend.clone();
        async move { backend.push_start(0_u32).await }
    };
    try_join_all((0..runs).map(start)).await?;
    for _ in 0..runs {
        if ends.recv().await.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn nothing(step: u32) -> Result<u32, BoxDynError> {
    Ok(step)
}

/// The type of a flow has all its steps in it, so each length is written out.
macro_rules! four {
    ($flow:expr) => {
        $flow.and_then(nothing).and_then(nothing).and_then(nothing).and_then(nothing)
    };
}
macro_rules! ten {
    ($flow:expr) => {
        four!(four!($flow)).and_then(nothing).and_then(nothing)
    };
}

/// A worker on chains of so many steps, until it fails.
fn work(
    nodes: usize,
    backend: SqliteStorage<u32>,
    poll: Duration,
    ended: UnboundedSender<()>,
) -> Option<BoxFuture<'static, Result<(), WorkerError>>> {
    let last = move |_: u32| {
        let ended = ended.clone();
        async move { ended.send(()).map_err(BoxDynError::from) }
    };
    macro_rules! worker {
        ($flow:expr) => {{
            let backend = backend.poll_with_interval(poll);
            let worker = WorkerBuilder::new("worker").backend(backend).build($flow.and_then(last));
            async move { worker.run().await }.boxed()
        }};
    }
    let flow = SteppedFlow::new("chain");
    Some(match nodes {
        5 => worker!(four!(flow)),
        10 => worker!(four!(four!(flow)).and_then(nothing)),
        100 => {
            let fifty = ten!(ten!(ten!(ten!(ten!(flow)))));
            worker!(four!(four!(ten!(ten!(ten!(ten!(fifty)))))).and_then(nothing))
        }
        _ => return None,
    })
}

/// Asks each connection of the pool, all of them at once, so that none is asked twice.
async fn connections_synchronous(pool: &SqlitePool) -> Result<Vec<u8>, sqlx::Error> {
    let mut connections = try_join_all((0..pool.size()).map(|_| pool.acquire())).await?;
    let mut answers = Vec::with_capacity(connections.len());
    for connection in &mut connections {
        let answer: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut **connection).await?;
        answers.push(u8::try_from(answer).unwrap_or(u8::MAX));
    }
    Ok(answers)
}
