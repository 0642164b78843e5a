//! What the nodes of a flow can do.
//!
//! Features, none of them on by default:
//!
//! - `scan`: fetches pages and audits them;
//! - `browser`: and looks at them with Chromium, where that is installed (Linux alone);
//! - `slack`: posts messages to Slack;
//! - `email`: sends mail over SMTP;
//! - `webhook`: sends a request per object to any address.
//!
//! Each executor is built from a guard, which decides where it may connect, and from settings, which are the
//! operator's; what a flow says comes with each task.
//!
//! ```
//! # #[cfg(feature = "webhook")] {
//! use flowrun::TaskExecutor;
//! use flowrun_executors::webhook::{WebhookExecutor, WebhookSettings};
//! use flowrun_guard::Guard;
//!
//! let guard = Guard::builder().build()?;
//! let webhook = WebhookExecutor::new(guard, WebhookSettings::new());
//! assert_eq!(webhook.check(r#"{"uri": "https://hooks.example/1"}"#), []);
//! assert_eq!(webhook.check("{}")[0].message, "`uri` is empty");
//! # }
//! # Ok::<(), flowrun_guard::BuildError>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "email")]
pub mod email;
#[cfg(any(feature = "email", feature = "scan", feature = "slack", feature = "webhook"))]
mod outcome;
#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
mod reading;
#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
mod receiver;
#[cfg(feature = "scan")]
pub mod scan;
#[cfg(feature = "slack")]
pub mod slack;
#[cfg(any(feature = "email", feature = "scan", feature = "slack", feature = "webhook"))]
mod text;
#[cfg(feature = "webhook")]
pub mod webhook;
