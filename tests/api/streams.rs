//! A client that reads event streams, one event after the other.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures::StreamExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::client::Client;

/// An event, or a comment that was sent in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) id: Option<u64>,
    pub(crate) event: Option<String>,
    pub(crate) data: String,
    pub(crate) comment: Option<String>,
}

impl Frame {
    pub(crate) fn read(text: &str) -> Self {
        let mut frame = Self::default();
        for line in text.lines() {
            match line.split_once(':').unwrap() {
                ("", comment) => frame.comment = Some(comment.trim().to_owned()),
                ("id", id) => frame.id = Some(id.trim().parse().unwrap()),
                ("event", event) => frame.event = Some(event.trim().to_owned()),
                ("data", data) => frame.data.push_str(data.trim()),
                (other, _) => panic!("no field `{other}`"),
            }
        }
        frame
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An open stream. Dropping it closes the connection.
pub(crate) struct Stream {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: axum::body::BodyDataStream,
    buffer: String,
    connection: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Stream {
    /// Opens a stream below `/v1/ops`.
    pub(crate) async fn open(client: &Client, path: &str, headers: &[(&str, String)]) -> Self {
        let stream = TcpStream::connect(client.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::get(format!("/v1/ops{path}"))
            .header("host", client.address.to_string())
            .header("accept", "text/event-stream")
            .header("authorization", format!("Token {}", client.token));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = Body::new(body).into_data_stream();
        Self { status: head.status.as_u16(), headers: head.headers, body, buffer: String::new(), connection }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let frame = Frame::read(frame);
                self.buffer = rest.to_owned();
                return Some(frame);
            }
            let bytes = self.body.next().await?.ok()?;
            self.buffer.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event, which there has to be, without comments.
    pub(crate) async fn told(&mut self) -> Frame {
        loop {
            let frame = self.next().await.expect("the stream goes on");
            if frame.comment.is_none() {
                return frame;
            }
        }
    }

    /// Every event to the end.
    pub(crate) async fn rest(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
