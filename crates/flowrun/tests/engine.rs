//! The engine from outside: runs, failures, cancelling, watching, shutting down.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::{
    Condition, Context, Engine, Facts, Flow, MemoryStore, NodeProblem, NodeSpec, NodeStatus, ObjectEntry,
    ObjectStatus, Operator, Outcome, Place, Placement, Record, Rerun, RetryPolicy, Role, RunError, RunHandle,
    RunPolicy, RunRequest, RunStatus, RunUpdate, Site, StartError, Task, TaskExecutor, async_trait,
};
use futures::FutureExt;
use serde_json::json;

/// Does what the node's `do` says.
struct Scripted(Placement);

#[async_trait]
impl TaskExecutor for Scripted {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let script: serde_json::Value = task.settings().unwrap();
        match script["do"].as_str().unwrap_or("pass") {
            "fail" => return Outcome::failed("it broke"),
            "panic" => panic!("out of cheese"),
            "hang" => std::future::pending().await,
            "wait" => context.cancelled().await,
            "yield" => tokio::task::yield_now().await,
            "fail once" if context.attempt().number() == 1 => {
                return Outcome::failed("not yet").retryable();
            }
            "find" => {
                let entry = ObjectEntry::new("page", "o1");
                context.report_object(entry.clone(), None);
                let facts = Facts::new(json!({"type": "audit", "findings": 3}));
                context.report_object(entry.with_status(ObjectStatus::Passed), Some(facts));
            }
            "tell" => {
                for object in task.objects() {
                    let text = "{{findings}} findings, {{TOKEN}}";
                    context.log(context.render(text, Place::Plain, Some(object)).unwrap());
                    context.report_object(object.entry.clone().with_status(ObjectStatus::Passed), None);
                }
            }
            _ => {}
        }
        Outcome::done()
    }

    fn placement(&self) -> Placement {
        self.0
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        let unset = NodeProblem::settings("scripted.unset", "the setting `unset` is not set");
        let odd = NodeProblem::error("scripted.odd", "/data/odd", "`odd` cannot be done");
        [("unset", unset), ("odd", odd)]
            .into_iter()
            .filter_map(|(word, problem)| data.contains(word).then_some(problem))
            .collect()
    }
}

fn engine() -> Engine {
    Engine::builder()
        .executor("audit", Scripted(Placement::InPlace))
        .executor("slow", Scripted(Placement::OwnTask))
        .executor_as("tell", Role::Receiver, Scripted(Placement::InPlace))
        .function("compute", |task, context| {
            let script: serde_json::Value = task.settings().unwrap();
            context.log("computed");
            match script["do"].as_str() {
                Some("panic") => panic!("out of numbers"),
                Some("fail") => Outcome::failed("no such number"),
                _ => Outcome::done(),
            }
        })
        .secrets(BTreeMap::from([("TOKEN".to_owned(), "swordfish".to_owned())]))
        .grace(Duration::from_secs(2))
        .build()
        .unwrap()
}

fn node(id: &str, task_type: &str, script: &str) -> NodeSpec {
    NodeSpec::new(id, task_type).set("do", script)
}

async fn start(nodes: impl IntoIterator<Item = NodeSpec>, edges: &[(&str, &str)]) -> RunHandle {
    engine().start(request(nodes, edges)).await.unwrap()
}

fn request(nodes: impl IntoIterator<Item = NodeSpec>, edges: &[(&str, &str)]) -> RunRequest {
    let flow = nodes.into_iter().fold(Flow::builder(), |flow, node| flow.node(node));
    let flow = edges.iter().fold(flow, |flow, (source, target)| flow.edge(*source, *target));
    RunRequest::new(flow.build().unwrap(), Site::new("https://example.com"))
}

fn messages(run: &flowrun::FlowRun, step: &str) -> Vec<String> {
    run.logs().iter().filter(|line| line.step == step).map(|line| line.message.clone()).collect()
}

#[tokio::test]
async fn own_facts_are_branched_on_and_rendered_and_secrets_never_show() {
    let finder = node("1", "audit", "find").condition(Condition::new("findings", Operator::AtLeast, 3));
    let run = start(
        [finder, node("2", "tell", "tell").start_if(true), node("3", "tell", "tell").start_if(false)],
        &[("1", "2"), ("1", "3")],
    )
    .await;
    let result = run.result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    assert_eq!(result.node("2").unwrap().status, NodeStatus::Passed);
    assert_eq!(result.node("3").unwrap().status, NodeStatus::Queued);
    assert_eq!(messages(&result, "2")[1], "3 findings, [secret TOKEN]");
    assert!(!result.to_json().contains("swordfish"));
}

#[tokio::test]
async fn a_function_is_an_executor() {
    let nodes = [node("1", "compute", "pass"), node("2", "compute", "fail"), node("3", "compute", "panic")];
    let result = start(nodes, &[("1", "2"), ("1", "3")]).await.result().await.unwrap();
    let statuses = ["1", "2", "3"].map(|id| result.node(id).unwrap().status);
    assert_eq!(statuses, [NodeStatus::Passed, NodeStatus::Failed, NodeStatus::Failed]);
    assert_eq!(messages(&result, "1")[2], "computed");
    assert_eq!(messages(&result, "2")[1..3], ["computed", "no such number"]);
    assert_eq!(messages(&result, "3")[1..3], ["computed", "executor panicked: out of numbers"]);
}

/// Answers even attempts at once and lets odd ones wait.
struct Halves;

#[async_trait]
impl TaskExecutor for Halves {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        tokio::task::yield_now().await;
        context.log("waited");
        Outcome::failed("not yet").retryable()
    }

    fn execute_now(&self, _: &Task, context: &Context) -> Option<Outcome> {
        context.attempt().number().is_multiple_of(2).then(|| {
            context.log("at once");
            Outcome::done()
        })
    }
}

#[tokio::test]
async fn what_is_not_answered_at_once_is_waited_for() {
    let policy =
        RunPolicy::default().retry(RetryPolicy::default().max_attempts(2).first_wait(Duration::ZERO));
    let engine = Engine::builder().executor("halves", Halves).policy(policy).build().unwrap();
    let flow = Flow::builder().node(NodeSpec::new("1", "halves")).build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap();
    let result = run.result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    let lines = messages(&result, "1");
    let said: Vec<_> = lines.iter().filter(|line| ["waited", "at once"].contains(&&***line)).collect();
    assert_eq!(said, ["waited", "at once"]);
}

/// The run is told to be started while its first node still keeps the driver busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_started_can_be_read_at_once() {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let engine = Engine::builder().function("block", move |_, _| {
        // Ends when the test has seen enough, or has failed.
        let _ = wait.lock().unwrap().recv();
        Outcome::done()
    });
    let engine = engine.build().unwrap();
    let flow = Flow::builder().node(NodeSpec::new("1", "block")).build().unwrap();
    let run = engine.start(RunRequest::new(flow, Site::new("https://a.example"))).await.unwrap();
    let mut events = run.events();
    let first = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
    drop(go_on);
    let Ok(Ok(Some(RunUpdate::Event(first)))) = first else { panic!("{first:?}") };
    assert!(matches!(first.record, Record::RunStarted), "{first:?}");
    assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
}

#[tokio::test]
async fn a_panic_fails_its_node_and_not_the_process() {
    for task_type in ["audit", "slow"] {
        let result = start([node("1", task_type, "panic")], &[]).await.result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Failed);
        assert_eq!(messages(&result, "1")[2], "executor panicked: out of cheese");
    }
}

#[tokio::test]
async fn executors_that_wait_run_beside_each_other() {
    let nodes = ["1", "2", "3"].map(|id| node(id, if id == "2" { "slow" } else { "audit" }, "yield"));
    let result = start(nodes, &[("1", "3"), ("2", "3")]).await.result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    assert!(result.nodes().all(|(_, progress)| progress.status == NodeStatus::Passed));
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_anything_runs() {
    let codes = async |nodes: Vec<NodeSpec>| match engine().start(request(nodes, &[])).await {
        Err(StartError::Refused(refused)) => {
            refused.problems().iter().map(|problem| problem.code).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(codes(vec![node("1", "paint", "")]).await, ["plan.unknown-task-type"]);
    let unset = vec![node("1", "audit", "unset"), node("2", "slow", "unset")];
    assert_eq!(codes(unset).await, ["scripted.unset"; 2]);
}

#[tokio::test(start_paused = true)]
async fn cancel_stops_what_works_and_drops_what_does_not_listen() {
    let run = start(
        [node("1", "audit", "wait"), node("2", "audit", "hang"), node("3", "audit", "")],
        &[("2", "3")],
    )
    .await;
    run.cancel().await;
    let result = run.result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Cancelled);
    assert_eq!(run.state(), RunStatus::Cancelled);
    assert_eq!(messages(&result, "2")[1], "cancelled");
    assert_eq!(result.node("3").unwrap().status, NodeStatus::Queued);
    let last = result.logs().iter().find(|line| line.message.starts_with("flowrun completed"));
    assert_eq!(last.unwrap().message, "flowrun completed with status: ⏹ CANCELLED");
}

#[tokio::test(start_paused = true)]
async fn deadlines_end_attempts_and_runs() {
    let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(30));
    let run = engine().start(request([node("1", "audit", "hang")], &[]).policy(policy)).await.unwrap();
    let result = run.result().await.unwrap();
    assert_eq!(messages(&result, "1")[2], "timed out after 30 s");
    assert!(!run.has_timed_out());

    let policy = RunPolicy::default().run_timeout(Duration::from_secs(60));
    let run = engine().start(request([node("1", "slow", "hang")], &[]).policy(policy)).await.unwrap();
    let result = run.result().await.unwrap();
    assert_eq!((result.status(), run.has_timed_out()), (RunStatus::Failed, true));
    assert_eq!(messages(&result, "1")[2], "stopped: the run timed out");
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_after_a_wait() {
    let policy = RunPolicy::default().retry(RetryPolicy::default().jitter(0).max_attempts(2));
    let run = engine().start(request([node("1", "audit", "fail once")], &[]).policy(policy)).await.unwrap();
    let result = run.result().await.unwrap();
    assert_eq!(result.status(), RunStatus::Passed);
    let progress = result.node("1").unwrap();
    let took = progress.time_completed.unwrap().as_micros() - progress.time_started.unwrap().as_micros();
    assert!((1_000_000..1_100_000).contains(&took), "{took} µs");
}

#[tokio::test]
async fn a_watcher_sees_every_event_once_and_then_the_end() {
    let run = start([node("1", "audit", "find"), node("2", "tell", "tell")], &[("1", "2")]).await;
    let mut events = run.events();
    let mut seen = Vec::new();
    while let Some(RunUpdate::Event(event)) = events.next().await.unwrap() {
        seen.push((event.seq, event.node, event.record));
    }
    let numbers = seen.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>();
    assert_eq!(numbers, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert!(matches!(&seen[0], (1, None, Record::RunStarted)));
    assert!(matches!(&seen[1], (_, Some(node), Record::AttemptStarted { .. }) if node == "1"));
    assert!(matches!(seen.last(), Some((_, None, Record::RunEnded { status: RunStatus::Passed, .. }))));
}

#[tokio::test]
async fn a_watcher_that_falls_behind_is_told_so() {
    let store = MemoryStore::with_capacity(3);
    let engine =
        Engine::builder().executor("audit", Scripted(Placement::InPlace)).store(store).build().unwrap();
    let nodes = (1..=5).map(|id| node(&id.to_string(), "audit", ""));
    let run = engine.start(request(nodes, &[])).await.unwrap();
    run.result().await.unwrap();
    let mut events = run.events();
    assert!(matches!(events.next().await.unwrap(), Some(RunUpdate::Lagged(missed)) if missed > 0));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_an_open_run() {
    let run = start([node("1", "audit", "wait")], &[]).await;
    let snapshot = run.snapshot().await.unwrap();
    assert_eq!(snapshot.status(), RunStatus::Working);
    assert_eq!(snapshot.node("1").unwrap().status, NodeStatus::Working);
    run.cancel().await;
    run.result().await.unwrap();
    assert_eq!(run.snapshot().await.unwrap().status(), RunStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_runs_end_and_parks_the_rest() {
    let engine = engine();
    let ends = engine.start(request([node("1", "audit", "yield")], &[])).await.unwrap();
    let hangs = engine.start(request([node("1", "slow", "hang")], &[])).await.unwrap();
    engine.shutdown(Duration::from_secs(1)).await;
    assert_eq!(ends.result().await.unwrap().status(), RunStatus::Passed);
    assert!(matches!(hangs.result().await, Err(RunError::Parked)));
    let refused = engine.start(request([node("1", "audit", "")], &[])).await;
    assert!(matches!(refused, Err(StartError::ShutDown)));
}

#[test]
fn without_a_runtime_starting_is_an_error() {
    let started = engine().start(request([node("1", "audit", "")], &[])).now_or_never();
    assert!(matches!(started, Some(Err(StartError::NoRuntime))));
}

#[test]
fn engines_handles_and_futures_can_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    fn assert_send_sync<T: Send + Sync + Clone>() {}
    assert_send_sync::<Engine>();
    assert_send_sync::<RunHandle>();
    assert_send_sync::<Context>();
    let (engine, runtime) = (engine(), tokio::runtime::Builder::new_current_thread().build().unwrap());
    let started = engine.start(request([node("1", "audit", "")], &[]));
    assert_send(&started);
    let run = runtime.block_on(started).unwrap();
    assert_send(&run.result());
    assert_send(&run.snapshot());
    assert_send(&run.cancel());
    assert_send(&run.events().next());
    assert_send(&run.pause());
    assert_send(&engine.shutdown(Duration::ZERO));
    assert_send(&engine.recover());
    assert_send(&engine.resume(run.id()));
    assert_send(&engine.rerun(run.id(), Rerun::Failed));
}
