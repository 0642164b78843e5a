//! A client that sends what it is told, byte for byte.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::described;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Sends a request on a connection of its own.
pub(crate) async fn send(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: impl IntoIterator<Item = (String, String)>,
    body: Option<String>,
) -> Answer {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(target.replace(' ', "%20"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
    drop(sender);
    connection.await.unwrap().unwrap();
    let answer = Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    };
    // Whatever is tested, its answer is one that the description knows.
    if let Err(wrong) = described::check(method, target, &answer) {
        panic!("{method} {target}: {} {:.300}: {wrong}", answer.status, answer.text);
    }
    answer
}

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    headers: Arc<Vec<(String, String)>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, headers: Arc::default() }
    }

    /// The same, who sends one more header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = Vec::clone(&self.headers);
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers: headers.into(), ..self.clone() }
    }

    /// Sends something to a path below `/v1/ops`.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<(&str, String)>) -> Answer {
        let mut headers = vec![
            ("host".to_owned(), self.address.to_string()),
            ("authorization".to_owned(), format!("Token {}", self.token)),
        ];
        headers.extend(self.headers.iter().cloned());
        let body = body.map(|(media, body)| {
            headers.push(("content-type".to_owned(), media.to_owned()));
            body
        });
        send(self.address, method, &format!("/v1/ops{path}"), headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        json(self.send("GET", path, None).await)
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        json(self.send("DELETE", path, None).await)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        json(self.send("POST", path, Some(("application/json", body.to_string()))).await)
    }

    /// Makes something, and gives its id.
    pub(crate) async fn make(&self, path: &str, body: Value) -> String {
        let (status, made) = self.post(path, body).await;
        assert_eq!(status, 201, "{path}: {made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a run is over, and gives its document.
    pub(crate) async fn ended(&self, run: &str) -> Value {
        for _ in 0..20_000 {
            let (_, run) = self.get(&format!("/flowrun/{run}")).await;
            if !run["time_completed"].is_null() {
                return run;
            }
            tokio::task::yield_now().await;
        }
        panic!("run {run} does not end")
    }
}

fn json(answer: Answer) -> (u16, Value) {
    let Answer { status, text, .. } = answer;
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}
