//! A service: runs in an SQLite file that go on after a restart, started, shown, watched and cancelled over HTTP.
//!
//! `cargo run -p flowrun --features sqlite --example durable_service`, then `curl -X POST localhost:3000/runs`

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response, Sse, sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use flowrun::{
    Condition, Context, Engine, ExecutorError, Executors, Facts, Flow, NodeSpec, ObjectEntry, ObjectStatus,
    Operator, Outcome, RunId, RunPolicy, RunRequest, RunUpdate, Site, SqliteStore, Task, TypedExecutor,
    async_trait,
};
use futures::StreamExt;
use serde_json::json;

/// Waits as long as its node says, and yields the length of the address.
struct Measure;

#[derive(serde::Deserialize)]
struct Settings {
    wait_ms: u64,
}

#[async_trait]
impl TypedExecutor for Measure {
    type Settings = Settings;

    async fn execute(
        &self,
        settings: Settings,
        task: Task,
        context: Context,
    ) -> Result<Outcome, ExecutorError> {
        tokio::time::sleep(Duration::from_millis(settings.wait_ms)).await;
        let site = task.resources().first().ok_or_else(|| ExecutorError::new("nothing to measure"))?;
        let facts = Facts::new(json!({"type": "measure", "length": site.url.len()}));
        context.report_object(ObjectEntry::new(&site.id, "1").with_status(ObjectStatus::Passed), Some(facts));
        Ok(Outcome::done())
    }
}

pub(crate) fn engine(file: &std::path::Path) -> Result<Engine, Box<dyn std::error::Error>> {
    let tell = |_: &Task, context: &Context| {
        context.log("that is long");
        Outcome::done()
    };
    let executors = Executors::new().typed("measure", Measure).function("tell", tell);
    let policy = RunPolicy::default().run_timeout(Duration::from_secs(60));
    Ok(Engine::builder().executors(executors).store(SqliteStore::open_file(file)?).policy(policy).build()?)
}

fn flow() -> Result<Flow, flowrun::ReadError> {
    let is_long = Condition::new("length", Operator::AtLeast, 10);
    Flow::builder()
        .node(NodeSpec::new("1", "measure").set("wait_ms", 200).condition(is_long))
        .node(NodeSpec::new("2", "tell").start_if(true))
        .edge("1", "2")
        .build()
}

fn failed(error: impl std::fmt::Display) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response()
}

pub(crate) fn app(engine: Engine) -> Router {
    let start = async |State(engine): State<Engine>| {
        let flow = flow().map_err(failed)?;
        let request = RunRequest::new(flow, Site::new("https://example.com"));
        engine.start(request).await.map(|run| Json(json!({"id": run.id()}))).map_err(failed)
    };
    let show = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        let run = engine.snapshot(id).await.map_err(failed)?;
        Ok::<_, Response>(([(header::CONTENT_TYPE, "application/json")], run.to_json().to_owned()))
    };
    let cancel = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        engine.cancel(id).await.map(|run| run.status().to_string()).map_err(failed)
    };
    let events = async |State(engine): State<Engine>, Path(id): Path<RunId>| {
        let events = engine.run(id).ok_or(StatusCode::NOT_FOUND)?.events().into_stream();
        let shown = events.filter_map(async |event| match event.ok()? {
            RunUpdate::Event(event) => Some(sse::Event::default().json_data(event)),
            RunUpdate::Lagged(_) => None,
        });
        Ok::<_, StatusCode>(Sse::new(Box::pin(shown)))
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
