//! Runs of very many nodes: they neither need a deep stack nor keep others waiting.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowrun::{
    Context, Engine, Flow, Outcome, RunHandle, RunRequest, RunStatus, Site, Task, TaskExecutor, async_trait,
};

struct Step;

#[async_trait]
impl TaskExecutor for Step {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        Outcome::done()
    }
}

fn engine() -> Engine {
    Engine::builder().executor("step", Step).build().unwrap()
}

fn chain(nodes: usize) -> Flow {
    let mut text = String::from(r#"{"nodes":["#);
    for node in 0..nodes {
        let comma = if node > 0 { "," } else { "" };
        write!(text, r#"{comma}{{"id":"{node}","data":{{"id":"{node}","task_type":"step"}}}}"#).unwrap();
    }
    text.push_str(r#"],"edges":["#);
    for node in 1..nodes {
        let (comma, above) = (if node > 1 { "," } else { "" }, node - 1);
        write!(text, r#"{comma}{{"id":"e{node}","source":"{above}","target":"{node}"}}"#).unwrap();
    }
    text.push_str("]}");
    Flow::from_json(text).unwrap()
}

/// Reads the flow, runs it, does `then` with the run, and drops everything, on a small stack.
fn on_a_small_stack(nodes: usize, then: impl AsyncFnOnce(RunHandle) + Send + 'static) {
    let whole_life = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let request = RunRequest::new(chain(nodes), Site::new("https://example.com"));
            let run = engine().start(request).await.unwrap();
            assert_eq!(run.wait().await.unwrap(), RunStatus::Passed);
            then(run).await;
        });
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(whole_life);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_chain_of_a_million_nodes_runs_and_is_dropped_on_a_small_stack() {
    on_a_small_stack(1_000_000, async |_| ());
}

/// Fewer nodes, because writing a million takes a minute without optimisation; a single frame of a recursion for
/// each of these would be too much already.
#[test]
fn the_result_of_a_long_chain_is_written_on_a_small_stack() {
    const NODES: usize = 100_000;
    on_a_small_stack(NODES, async |run| {
        let result = run.result().await.unwrap();
        assert_eq!((result.status(), result.nodes().count()), (RunStatus::Passed, NODES));
    });
}

#[tokio::test(flavor = "current_thread")]
async fn others_have_their_turn_while_a_long_run_goes_on() {
    const NODES: usize = 10_000;
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let run = engine().start(RunRequest::new(chain(NODES), Site::new("https://example.com"))).await.unwrap();
    assert_eq!(run.wait().await.unwrap(), RunStatus::Passed);
    other.abort();
    // A turn of the run is 64 nodes.
    assert!(turns.load(Ordering::Relaxed) >= NODES / 100);
}
