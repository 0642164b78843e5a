//! What tests of flows need, for this project and for services that embed it.
//!
//! Features, none of them on by default:
//!
//! - `servers`: real servers on loopback, in [`servers`]: a website with known defects, and sinks that stand in
//!   for Slack, a webhook receiver and a mail server.

#[cfg(feature = "servers")]
pub mod servers;
