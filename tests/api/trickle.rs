//! Callers that send a byte now and then. What counts is how long a request takes altogether: bytes that come in time
//! one by one do not keep it going.

use std::time::Duration;

use flowrun_server::{Limits, ServerOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::served::Served;

/// How long a head and a body may take here.
const SHORT: Duration = Duration::from_millis(400);

/// Between two bytes.
const PACE: Duration = Duration::from_millis(20);

/// Sends `quick` at once, and then a byte at a time of `slow` until an answer comes or the connection ends. Gives how many
/// of the slow bytes were sent, and the answer.
async fn trickled(served: std::net::SocketAddr, quick: String, slow: String) -> (usize, String) {
    let mut stream = TcpStream::connect(served).await.unwrap();
    stream.write_all(quick.as_bytes()).await.unwrap();
    let (mut sent, mut answer) = (0, Vec::new());
    for byte in slow.bytes() {
        tokio::select! {
            _ = stream.read_to_end(&mut answer) => break,
            () = tokio::time::sleep(PACE) => {}
        }
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
    }
    (sent, String::from_utf8_lossy(&answer).into_owned())
}

/// The head of a request whose body has so many bytes.
fn posting(client: &Client, bytes: usize) -> String {
    format!(
        "POST /v1/ops/flow HTTP/1.1\r\nhost: a\r\nauthorization: Token {}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {bytes}\r\n\r\n",
        client.token
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_trickles_within_the_time_is_answered() {
    let served = Served::new(ServerOptions::new()).await;
    let client = served.account("a", Limits::default()).await;
    let body = r#"{"title": "slow"}"#;
    let (sent, answer) = trickled(served.address(), posting(&client, body.len()), format!("{body} ")).await;
    // Not that it takes the last byte, which is none of the request.
    assert!(
        sent >= body.len() && answer.is_empty() || answer.starts_with("HTTP/1.1 201 "),
        "{sent}: {answer}"
    );
    assert_eq!(client.get("/flow").await.1["count"], 1);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_who_trickle_are_cut_off_and_hold_up_nobody() {
    let served = Served::new(ServerOptions::new().head_timeout(SHORT).body_timeout(SHORT)).await;
    let client = served.account("a", Limits::default()).await;
    let head = format!("GET /v1/ops/flow HTTP/1.1\r\nhost: a\r\nauthorization: Token {}\r\n", client.token);
    let whole = posting(&client, 1000);
    let mut slow = JoinSet::new();
    for _ in 0..100 {
        let (head, whole, endless) = (head.clone(), whole.clone(), "x: y\r\n".repeat(1000));
        slow.spawn(trickled(served.address(), head, endless));
        slow.spawn(trickled(served.address(), whole, " ".repeat(1000)));
    }
    // All of them are at it, and whoever asks in one go is answered.
    for _ in 0..100 {
        assert_eq!(client.get("/flow").await.0, 200);
    }
    let (mut told, mut cut) = (0, 0);
    while let Some(ended) = slow.join_next().await {
        let (sent, answer) = ended.unwrap();
        // Sent in full, they would have been answered 200 and 400.
        assert!(sent < 1000 && !answer.contains(" 200 ") && !answer.contains(" 400 "), "{sent}: {answer}");
        if answer.starts_with("HTTP/1.1 408 ") { told += 1 } else { cut += 1 }
    }
    assert_eq!((told, cut), (100, 100), "a body is answered, a head is not");
    served.stop().await;
}
