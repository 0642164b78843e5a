//! The example of a service, used as a stranger would: over a socket, and across a restart.
#![cfg(feature = "sqlite")]

#[expect(dead_code, reason = "its `main` listens for good")]
#[path = "../examples/durable_service.rs"]
mod durable_service;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn call(addr: std::net::SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers and closes");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_started_watched_shown_and_cancelled_by_their_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = durable_service::engine(&folder.path().join("runs.flowrun")).expect("an engine");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, durable_service::app(engine)).await });
    let id = |answer: &str| answer.split("\"id\":\"").nth(1).expect(answer)[..36].to_owned();

    let first = id(&call(addr, "POST", "/runs").await);
    // Ends with the run.
    let events = call(addr, "GET", &format!("/runs/{first}/events")).await;
    assert!(events.contains("\"seq\":1") && events.contains("text/event-stream"), "{events}");
    let shown = call(addr, "GET", &format!("/runs/{first}")).await;
    assert!(shown.contains("\"status\":\"passed\"") && shown.contains("that is long"), "{shown}");

    let second = id(&call(addr, "POST", "/runs").await);
    assert!(call(addr, "DELETE", &format!("/runs/{second}")).await.ends_with("cancelled"));
    assert!(call(addr, "DELETE", &format!("/runs/{second}")).await.starts_with("HTTP/1.1 422"));
}
