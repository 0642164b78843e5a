//! The one door for outbound HTTP.
//!
//! Addresses in a flow are written by its users and by the pages it reads, and a server that fetches them
//! stands inside a network. The guard decides where a request may go (http and https, the ports of websites,
//! public addresses), resolves names itself and connects only to what it checked, looks again at every
//! redirect, and bounds time, bytes and the number of open connections. What the operator opens with an [`Endpoint`] is open, that port only.
//!
//! It knows nothing of flows, keeps no cookies, reads no proxy from the environment and never repeats the path
//! of an address in a message. A second layer outside the process (a firewall, a network namespace) remains a
//! good idea.
//!
//! ```
//! use flowrun_guard::{Guard, GuardError, Method, Request};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let guard = Guard::builder().allow("127.0.0.1:1".parse()?).build()?;
//! let refused = guard.send(Request::new(Method::Get, "http://127.0.0.1:2/")).await;
//! assert!(matches!(refused, Err(GuardError::Refused(_))));
//! let tried = guard.send(Request::new(Method::Get, "http://127.0.0.1:1/")).await;
//! assert!(matches!(tried, Err(GuardError::Connect { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod body;
mod builder;
mod certificate;
mod connect;
mod encoding;
mod endpoint;
mod error;
mod guard;
mod head;
mod hop;
mod permits;
mod policy;
mod request;
mod resolver;
mod response;
mod retry_after;
mod stopwatch;
mod tls;
mod wire;

pub use address::special_range;
pub use builder::GuardBuilder;
pub use certificate::Certificate;
pub use connect::Connection;
pub use endpoint::{Endpoint, EndpointError};
pub use error::{BuildError, GuardError, RefusedError};
pub use guard::Guard;
pub use head::ResponseHead;
pub use permits::Permits;
pub use request::{Limits, Method, Request};
pub use resolver::{Resolver, SystemResolver};
pub use response::{Headers, Redirect, Response, Timing};
pub use url::Url;
