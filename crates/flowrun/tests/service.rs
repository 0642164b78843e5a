//! The example of a service, used as a stranger would: over a socket, and across a restart.
#![cfg(feature = "sqlite")]

#[expect(dead_code, reason = "its `main` listens for good")]
#[path = "../examples/durable_service.rs"]
mod durable_service;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use flowrun::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A process that serves, as far as one can be played by a task.
struct Service {
    addr: SocketAddr,
    engine: Engine,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// What `main` does, on a free port.
    async fn start(file: &Path) -> Self {
        let engine = durable_service::engine(file).expect("an engine");
        engine.recover().await.expect("the store can be read");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let app = durable_service::app(engine.clone());
        Self { addr, engine, serving: tokio::spawn(async move { axum::serve(listener, app).await }) }
    }

    /// Leaves everything as it is.
    async fn stop(self) {
        self.serving.abort();
        self.engine.shutdown(Duration::ZERO).await;
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let Self { addr, .. } = self;
        let mut stream = TcpStream::connect(addr).await.expect("it listens");
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
        let body_head = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body_head}{body}").as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers and closes");
        answer
    }

    /// Starts a run, and gives its path.
    async fn run(&self, site: &str, wait_ms: u64, timeout_ms: u64) -> String {
        let body = format!(r#"{{"site": "{site}", "wait_ms": {wait_ms}, "timeout_ms": {timeout_ms}}}"#);
        let answer = self.call("POST", "/runs", &body).await;
        let id =
            answer.rsplit("\r\n").next().filter(|id| answer.starts_with("HTTP/1.1 200") && id.len() == 36);
        format!("/runs/{}", id.expect(&answer))
    }

    async fn show(&self, run: &str) -> String {
        self.call("GET", run, "").await
    }
}

const SITE: &str = "https://example.com";
const LONG_SITE: &str = "https://example.com/with/a/path";
/// More than anything here takes.
const NEVER: u64 = 600_000;

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_started_watched_shown_and_cancelled_by_their_id_and_by_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(&folder.path().join("runs.flowrun")).await;

    for (site, heard, skipped) in
        [(SITE, "node short heard of 19", "long"), (LONG_SITE, "node long heard of 31", "short")]
    {
        // As long as it takes to ask for its events, which end with it.
        let run = service.run(site, 300, NEVER).await;
        let events = service.call("GET", &format!("{run}/events"), "").await;
        assert!(events.contains("text/event-stream") && events.contains("\"seq\":1"), "{events}");
        assert!(events.contains("RunEnded"), "{events}");
        let shown = service.show(&run).await;
        assert!(shown.contains("\"status\":\"passed\"") && shown.contains(heard), "{shown}");
        assert!(!shown.contains(&format!("node {skipped} heard")), "{shown}");
    }

    let run = service.run(SITE, NEVER, NEVER).await;
    assert!(service.call("DELETE", &run, "").await.ends_with("cancelled"));
    assert!(service.call("DELETE", &run, "").await.starts_with("HTTP/1.1 422"), "it is over");

    let run = service.run(SITE, NEVER, 1).await;
    service.call("GET", &format!("{run}/events"), "").await;
    let shown = service.show(&run).await;
    assert!(shown.contains("timed out"), "{shown}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_a_restart_in_the_middle_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("runs.flowrun");
    let first = Service::start(&file).await;
    let run = first.run(SITE, 700, NEVER).await;
    let shown = first.show(&run).await;
    assert!(shown.contains("\"status\":\"working\"") && !shown.contains("heard"), "{shown}");
    first.stop().await;

    let next = Service::start(&file).await;
    let events = next.call("GET", &format!("{run}/events"), "").await;
    assert!(events.contains("Recovered") && events.contains("RunEnded"), "{events}");
    let shown = next.show(&run).await;
    assert!(shown.contains("\"status\":\"passed\"") && shown.contains("node short heard of 19"), "{shown}");
    next.stop().await;
}
