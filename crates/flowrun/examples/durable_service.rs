//! Runs in an SQLite file that go on after a restart, started, shown, watched and cancelled over HTTP.
//! `cargo run -p flowrun --features sqlite --example durable_service`, then
//! `curl localhost:3000/runs --json '{"site": "https://example.com", "wait_ms": 100, "timeout_ms": 9000}'`

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response, Sse, sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use flowrun::{
    Condition, Context, Engine, ExecutorError, Executors, Facts, Flow, NodeSpec, ObjectEntry, ObjectStatus,
    Operator, Outcome, Role, RunId, RunPolicy, RunRequest, RunUpdate, Site, SqliteStore, Task, TypedExecutor,
    async_trait,
};
use futures::StreamExt;
use serde_json::{Value, json};

/// Waits as long as its node says, and yields an object with a value: the length of the address.
struct Measure;

#[derive(serde::Deserialize)]
struct Settings {
    wait_ms: u64,
}

#[async_trait]
impl TypedExecutor for Measure {
    type Settings = Settings;
    async fn execute(&self, set: Settings, task: Task, context: Context) -> Result<Outcome, ExecutorError> {
        tokio::time::sleep(std::time::Duration::from_millis(set.wait_ms)).await;
        let facts = Facts::new(json!({"type": "measure", "length": task.site().site_url().len()}));
        context.report_object(ObjectEntry::new("site", "1").with_status(ObjectStatus::Passed), Some(facts));
        Ok(Outcome::done())
    }
}

/// Tells the value of each object that it is handed.
fn tell(task: &Task, context: &Context) -> Outcome {
    for object in task.objects() {
        let length = object.facts.as_ref().and_then(|facts| facts.get("length")).and_then(Value::as_u64);
        context.log(format!("node {} heard of {}", task.node(), length.unwrap_or_default()));
        context.report_object(object.entry.clone().with_status(ObjectStatus::Passed), None);
    }
    Outcome::done()
}

pub(crate) fn engine(file: &std::path::Path) -> Result<Engine, Box<dyn std::error::Error>> {
    let executors = Executors::new().typed("measure", Measure).function_as("tell", Role::Receiver, tell);
    let store = SqliteStore::open_file(file)?;
    Ok(Engine::builder().executors(executors).store(store).grace(std::time::Duration::ZERO).build()?)
}

#[derive(serde::Deserialize)]
struct Start {
    site: String,
    wait_ms: u64,
    timeout_ms: u64,
}

async fn start(State(engine): State<Engine>, Json(start): Json<Start>) -> Result<String, Response> {
    let measure = NodeSpec::new("1", "measure").set("wait_ms", start.wait_ms);
    let flow = Flow::builder().node(measure.condition(Condition::new("length", Operator::AtLeast, 20)));
    let flow = flow.node(NodeSpec::new("long", "tell").start_if(true)).edge("1", "long");
    let flow = flow.node(NodeSpec::new("short", "tell").start_if(false)).edge("1", "short");
    let policy = RunPolicy::default().run_timeout(std::time::Duration::from_millis(start.timeout_ms));
    let request = RunRequest::new(flow.build().map_err(failed)?, Site::new(start.site)).policy(policy);
    Ok(engine.start(request).await.map_err(failed)?.id().to_string())
}

fn failed(error: impl std::fmt::Display) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response()
}

pub(crate) fn app(engine: Engine) -> Router {
    let show = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        let run = engine.snapshot(id).await.map_err(failed)?;
        Ok::<_, Response>(([(header::CONTENT_TYPE, "application/json")], run.to_json().to_owned()))
    };
    let cancel = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        engine.cancel(id).await.map(|run| run.status().to_string()).map_err(failed)
    };
    let events = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        let updates = engine.run(id).ok_or(StatusCode::NOT_FOUND)?.events().into_stream();
        let events = updates.filter_map(async |update| match update.ok()? {
            RunUpdate::Event(event) => Some(sse::Event::default().json_data(event)),
            _ => None,
        });
        Ok::<_, StatusCode>(Sse::new(Box::pin(events)))
    };
    let routes = Router::new().route("/runs", post(start)).route("/runs/{id}", get(show).delete(cancel));
    routes.route("/runs/{id}/events", get(events)).with_state(engine)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = engine("runs.flowrun".as_ref())?;
    engine.recover().await?;
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app(engine)).await?)
}
