//! A browser at work, against pages on loopback.
//!
//! Cargo alone passes these tests over, as they need Chromium; `cargo xtask test` runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod configs;
mod death;
mod guarded;
mod hostile;
mod look;
mod setup;
