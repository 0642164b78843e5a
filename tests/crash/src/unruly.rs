//! A service whose executors do what those of the program never would: say far too much, say what is too large, and
//! panic when they are dropped. It starts one run in `runs.db`, or goes on with the one that is there.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use flowrun::{
    Context, Engine, Facts, Flow, ObjectEntry, ObjectStatus, Outcome, RunRequest, Site, SqliteStore, Task,
    TaskExecutor, async_trait,
};

/// Lines that the loud executor says in an attempt: many times what a node's log takes.
const LINES: usize = 60_000;

/// The first is loud and hands on an object to the others: the second says what is too large, the third panics when
/// its deadline has it dropped, and the fourth does its work. The first two may be tried as often as they are killed.
const FLOW: &str = r#"{"nodes": [
    {"id": "1", "data": {"task_type": "scan", "configs": {"retries": 200}}},
    {"id": "2", "data": {"task_type": "slack", "configs": {"retries": 200}}},
    {"id": "3", "data": {"task_type": "email", "configs": {"attempt_timeout": 0.05}}},
    {"id": "4", "data": {"task_type": "webhook"}}
], "edges": [
    {"source": "1", "target": "2"}, {"source": "1", "target": "3"}, {"source": "1", "target": "4"}
]}"#;

pub(crate) fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads");
    match runtime.block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open_file("runs.db")?;
    let engine = Engine::builder().store(store).grace(Duration::from_millis(20));
    let engine = engine.executor("scan", Unruly::Loud).executor("slack", Unruly::Large);
    let engine = engine.executor("email", Unruly::Bitter).executor("webhook", Unruly::Quiet).build()?;
    let mut open = engine.recover().await?.resumed;
    if open.is_empty() {
        let request = RunRequest::new(Flow::from_json(FLOW)?, Site::new("https://example.com"));
        open.push(engine.start(request.configs(r#"{"end_on_fail": false}"#)?).await?);
    }
    for run in open {
        say(&format!("run {} is kept in runs.db", run.id()));
        run.result().await?;
    }
    Ok(())
}

/// Tells the test where the program is. Nobody listens any more when this fails.
#[expect(clippy::print_stderr, reason = "the test listens to it")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[derive(Clone, Copy)]
enum Unruly {
    Loud,
    Large,
    Bitter,
    Quiet,
}

/// Panics when it is dropped.
struct Bitter;

impl Drop for Bitter {
    fn drop(&mut self) {
        say("bitter is dropped");
        panic!("dropped");
    }
}

#[async_trait]
impl TaskExecutor for Unruly {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let facts = |bytes| Some(Facts::new(serde_json::json!({"type": "scan", "text": "x".repeat(bytes)})));
        match *self {
            Self::Loud => {
                let entry = ObjectEntry::new("page", "scan");
                context.report_object(entry.clone(), None);
                say("loud begins");
                for line in 0..LINES {
                    context.log(format!("line {line} of very many"));
                    if line % 64 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                say("loud ends");
                context.report_object(entry.with_status(ObjectStatus::Passed), facts(10));
                Outcome::done()
            }
            Self::Large => {
                say("large begins");
                for object in task.objects() {
                    context.report_object(
                        object.entry.clone().with_status(ObjectStatus::Passed),
                        facts(1 << 20),
                    );
                }
                Outcome::done()
            }
            Self::Bitter => {
                let _bitter = Bitter;
                std::future::pending().await
            }
            Self::Quiet => {
                for object in task.objects() {
                    context.report_object(object.entry.clone().with_status(ObjectStatus::Passed), None);
                }
                Outcome::done()
            }
        }
    }
}
