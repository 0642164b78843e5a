//! What others wrote panics where it is least expected: the node it belongs to fails, and nobody else notices.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowrun::{
    Clock, Context, Engine, ErrorClass, Flow, FlowRun, NodeProblem, NodeSpec, NodeStatus, Outcome, Placement,
    Probe, RunError, RunPolicy, RunRequest, RunStatus, SecretSource, Site, StartError, Task, TaskExecutor,
    Timestamp, async_trait,
};

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{} went off", self.0);
    }
}

/// A payload that panics when it is dropped, with another one.
struct Fuse(u32);

impl Drop for Fuse {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Self(self.0 - 1));
        }
    }
}

/// Does what the node's `do` says, with something in its future that panics when that is dropped.
struct Armed(Placement);

/// A future that panics when it is polled for the last time, or is done then, and panics when it is dropped. No `async`
/// block: that drops what it holds before it is done.
struct Doomed {
    polls_left: u32,
    panics: bool,
    _bomb: Bomb,
}

impl Future for Doomed {
    type Output = Outcome;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Outcome> {
        if self.polls_left > 0 {
            self.polls_left -= 1;
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        assert!(!self.panics, "polled");
        std::task::Poll::Ready(Outcome::Passed)
    }
}

impl TaskExecutor for Armed {
    fn execute<'async_trait>(
        self: Arc<Self>,
        task: Task,
        context: Context,
    ) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send + 'async_trait>>
    where
        Self: 'async_trait,
    {
        let script: serde_json::Value = task.settings().unwrap();
        match script["do"].as_str().unwrap() {
            "twice" => doomed(1, true),
            "twice at once" => doomed(0, true),
            "done" => doomed(1, false),
            "done at once" => doomed(0, false),
            "payload" => Box::pin(async {
                tokio::task::yield_now().await;
                panic_any(Fuse(3))
            }),
            "now" => panic_any(Fuse(3)),
            "listen" => Box::pin(async move {
                let _bomb = Bomb("the listener");
                context.cancelled().await;
                Outcome::failed("stopped").class(ErrorClass::Stopped)
            }),
            _ => Box::pin(async {
                let _bomb = Bomb("the deaf one");
                std::future::pending().await
            }),
        }
    }

    fn placement(&self) -> Placement {
        self.0
    }
}

fn doomed(polls_left: u32, panics: bool) -> std::pin::Pin<Box<Doomed>> {
    Box::pin(Doomed { polls_left, panics, _bomb: Bomb("the future") })
}

fn engine(placement: Placement) -> Engine {
    let policy = RunPolicy::default();
    let engine =
        Engine::builder().executor("armed", Armed(placement)).function("quick", |_, _| Outcome::done());
    engine.policy(policy).grace(Duration::from_secs(1)).build().unwrap()
}

fn request(scripts: &[&str]) -> RunRequest {
    let node = |(id, script): (usize, &&str)| NodeSpec::new(id.to_string(), "armed").set("do", *script);
    let nodes = scripts.iter().enumerate().map(node);
    let flow = nodes.fold(Flow::builder(), |flow, node| flow.node(node)).build().unwrap();
    let request = RunRequest::new(flow, Site::new("https://a.example"));
    request.configs(r#"{"end_on_fail":false}"#).unwrap()
}

fn has_line(run: &FlowRun, text: &str) -> bool {
    run.logs().iter().any(|line| line.message.contains(text))
}

const PLACEMENTS: [Placement; 2] = [Placement::InPlace, Placement::OwnTask];

#[tokio::test(start_paused = true)]
async fn a_future_that_panics_at_its_end_fails_its_node() {
    for placement in PLACEMENTS {
        let scripts = ["twice", "done", "payload", "now", "twice at once", "done at once"];
        let result = engine(placement).start(request(&scripts)).await.unwrap().result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Failed);
        assert!(result.nodes().all(|(_, node)| node.status == NodeStatus::Failed));
        let polled = "executor panicked: polled, and when it was dropped: the future went off";
        for line in [polled, "executor panicked: the future went off", "executor panicked: no message"] {
            let told = result.logs().iter().filter(|logged| logged.message == line).count();
            assert_eq!(told, 2, "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_futures_that_panic_while_they_are_dropped_by_a_cancel_fail_their_nodes() {
    for placement in PLACEMENTS {
        let run = engine(placement).start(request(&["deaf", "listen", "deaf", "deaf"])).await.unwrap();
        run.cancel().await;
        let result = run.result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Cancelled);
        assert!(result.nodes().all(|(_, node)| node.status == NodeStatus::Failed));
        if placement == Placement::InPlace {
            assert!(has_line(&result, "executor panicked when it was dropped: the deaf one went off"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn so_do_those_that_a_deadline_drops() {
    for placement in PLACEMENTS {
        let policy = RunPolicy::default().attempt_timeout(Duration::from_secs(1));
        let run = engine(placement).start(request(&["deaf", "deaf"]).policy(policy)).await.unwrap();
        let result = run.result().await.unwrap();
        assert_eq!(result.status(), RunStatus::Failed);
        assert!(has_line(&result, "timed out after 1 s"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_parks_a_run_whatever_its_futures_do() {
    for placement in PLACEMENTS {
        let engine = engine(placement);
        let run = engine.start(request(&["deaf", "listen", "deaf"])).await.unwrap();
        engine.shutdown(Duration::ZERO).await;
        assert!(matches!(run.result().await, Err(RunError::Parked)), "store and handle say the same");
    }
}

/// What the host gives that panics when it is dropped, or asked.
struct Hostile(Arc<AtomicUsize>);

#[async_trait]
impl TaskExecutor for Hostile {
    async fn execute(self: Arc<Self>, task: Task, _: Context) -> Outcome {
        if task.data().contains("wait") {
            tokio::task::yield_now().await;
        }
        Outcome::done()
    }

    fn placement(&self) -> Placement {
        panic!("no place")
    }

    async fn probe(&self, _: &Task, _: &Context) -> Probe {
        panic!("no answer")
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        assert!(!data.contains("unset"), "no check");
        Vec::new()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("an executor that is dropped");
    }
}

#[tokio::test]
async fn executors_that_panic_when_they_are_asked_or_dropped_hurt_nobody() {
    let dropped = Arc::<AtomicUsize>::default();
    let [one, two] = [(); 2].map(|()| Hostile(Arc::clone(&dropped)));
    let engine = Engine::builder().executor("one", one).executor("two", two).build().unwrap();
    let flow = |script| {
        let nodes = ["one", "two"].map(|name| NodeSpec::new(name, name).set("do", script));
        let flow = nodes.into_iter().fold(Flow::builder(), |flow, node| flow.node(node)).build().unwrap();
        RunRequest::new(flow, Site::new("https://a.example"))
    };
    let refused = engine.start(flow("unset")).await;
    let Err(StartError::Refused(refused)) = refused else { panic!("{refused:?}") };
    let problems = refused.problems();
    assert!(problems[0].message.contains("its executor panicked: no check"), "{problems:?}");
    let run = engine.start(flow("wait")).await.unwrap();
    // The driver drops the last of them.
    drop(engine);
    assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
    while dropped.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
}

/// Panics when it is asked for names, or for a value.
struct NoSource;

impl SecretSource for NoSource {
    fn secret(&self, _: &str) -> Option<String> {
        panic!("no vault")
    }

    fn names(&self) -> Vec<String> {
        panic!("no vault")
    }
}

/// Has no time.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Timestamp {
        panic!("no time")
    }
}

#[tokio::test]
async fn without_secrets_nothing_starts_and_a_clock_that_panics_stands_still() {
    let request = || {
        let flow = Flow::builder().node(NodeSpec::new("1", "quick")).build().unwrap();
        RunRequest::new(flow, Site::new("https://a.example"))
    };
    let quick = || Engine::builder().function("quick", |_, _| Outcome::done());
    let refused = quick().secrets(NoSource).build().unwrap().start(request()).await;
    assert!(matches!(&refused, Err(StartError::Secrets(why)) if why == "no vault"), "{refused:?}");
    let run = quick().clock(NoClock).build().unwrap().start(request()).await.unwrap();
    assert_eq!(run.result().await.unwrap().status(), RunStatus::Passed);
}

/// A panic says what it likes, and so what it should not.
#[tokio::test]
async fn what_a_panic_says_is_redacted_like_everything_else() {
    let secrets = std::collections::BTreeMap::from([("TOKEN".to_owned(), "sword\nfish-4711".to_owned())]);
    let engine = Engine::builder().secrets(secrets).function("tells", |_, _| panic!("sword\nfish-4711"));
    let flow = Flow::builder().node(NodeSpec::new("1", "tells")).build().unwrap();
    let run = engine.build().unwrap().start(RunRequest::new(flow, Site::new("https://a.example"))).await;
    let result = run.unwrap().result().await.unwrap();
    assert!(has_line(&result, "executor panicked: [secret TOKEN]"), "{:?}", result.logs());
    assert!(!result.to_json().contains("fish-4711"));
}
