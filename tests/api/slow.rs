//! Connections that take their time.

use std::time::Duration;

use flowrun_server::{Limits, ServerOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::served::Served;

/// A short time, as the server counts it; nothing here waits for it to pass by itself.
const SHORT: Duration = Duration::from_millis(300);

async fn begun(served: &Served, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // Whether it ends with an answer or is cut off, it ends.
    let _ = stream.read_to_string(&mut text).await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn many_slow_connections_hold_up_nobody_and_are_closed() {
    let served = Served::new(ServerOptions::new().head_timeout(SHORT)).await;
    let client = served.account("a", Limits::default()).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(begun(&served, "GET /v1/ops/flow HT").await);
    }
    for _ in 0..50 {
        assert_eq!(client.get("/flow").await.0, 200);
    }
    for stream in slow {
        assert!(!rest(stream).await.contains("200 OK"));
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let served = Served::new(ServerOptions::new().body_timeout(SHORT)).await;
    let client = served.account("a", Limits::default()).await;
    let head = format!(
        "POST /v1/ops/flow HTTP/1.1\r\nhost: a\r\nauthorization: Token {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{",
        client.token
    );
    let answer = rest(begun(&served, &head).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"detail\""), "{answer}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_limit_wait_for_the_others() {
    let served = Served::new(ServerOptions::new().head_timeout(SHORT).max_connections(2)).await;
    let client = served.account("a", Limits::default()).await;
    let slow = [begun(&served, "GET").await, begun(&served, "GET").await];
    assert_eq!(client.get("/flow").await.0, 200);
    drop(slow);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_are_refused() {
    let served = Served::new(ServerOptions::new()).await;
    for bytes in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\nGET /x y z\r\n\r\n"] {
        let answer = rest(begun(&served, bytes).await).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bytes:?}: {answer}");
    }
    let client = served.account("a", Limits::default()).await;
    assert_eq!(client.get("/flow").await.0, 200);
    served.stop().await;
}

/// Streams of events are answers like others: what holds for this one holds for them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_nothing_of_an_answer_is_cut_off() {
    // Short enough for a test, and for no caller who takes what is sent.
    let served = Served::new(ServerOptions::new().write_timeout(SHORT).max_connections(1)).await;
    let client = served.account("a", Limits::default()).await;
    // More than the two ends of a connection hold between them.
    let long = "x".repeat(12 << 20);
    let nodes = serde_json::json!([{"id": "1", "data": {"id": "1", "note": long}}]);
    let flow = client.make("/flow", serde_json::json!({"title": "T", "nodes": nodes})).await;
    let head = format!(
        "GET /v1/ops/flow/{flow} HTTP/1.1\r\nhost: a\r\nauthorization: Token {}\r\n\r\n",
        client.token
    );
    let taker_of_nothing = begun(&served, &head).await;
    // Answered once there is room for another connection.
    assert_eq!(client.get("/site").await.0, 200);
    assert!(rest(taker_of_nothing).await.len() < long.len());
    served.stop().await;
}
