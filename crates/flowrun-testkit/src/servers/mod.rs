//! Real servers on loopback that misbehave on request.
//!
//! Each listens on a free port of `127.0.0.1`, runs on the tokio runtime it was started on, records what
//! arrives, and stops, with all its connections, when it is dropped. What it answers is scripted: one reply
//! per request in their order, and the good reply once the script is used up. Nothing here knows flows or
//! executors, and nothing waits for time to pass: [`arrived`](WebhookSink::arrived) waits for the event.
//!
//! ```
//! use flowrun_testkit::servers::{WebhookReply, WebhookSink};
//! use tokio::io::AsyncWriteExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let sink = WebhookSink::start().await?;
//! sink.script([WebhookReply::Status(503)]);
//! let mut client = tokio::net::TcpStream::connect(sink.addr()).await?;
//! client.write_all(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await?;
//! let arrived = sink.arrived(1).await;
//! assert_eq!((arrived[0].path.as_str(), arrived[0].text()), ("/hook", "hi".into()));
//! # Ok(())
//! # }
//! ```

mod bodies;
mod listener;
mod raw;
mod recorder;
mod scripted;
mod slack;
mod smtp;
mod smtp_session;
mod webhook;
mod website;

pub use raw::{RawReply, RawRequest, RawServer};
pub use scripted::{ScriptedSite, SiteReply};
pub use slack::{SlackPost, SlackReply, SlackRoute, SlackSink};
pub use smtp::{Mail, SmtpSink};
pub use webhook::{WebhookReply, WebhookRequest, WebhookSink};
pub use website::{Component, ConsoleLine, Defect, KnownChange, KnownPage, Visit, Website};
