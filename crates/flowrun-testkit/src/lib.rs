//! What tests of flows need, for this project and for services that embed it.
//!
//! Features:
//!
//! - `conformance` (default): replay of recorded cases, in `conformance`, and the binary of that name.
//! - `synth`: flows of a shape, a size and a seed, in `synth`; with `proptest` also strategies for property
//!   tests.
//! - `chaos`: runs that everything goes wrong for, from a seed, compared with a model, in `chaos`, and the binary
//!   of that name.
//! - `script`: what executors do, written down, in `script`, and runs by a script in virtual time, in `sim`.
//!   `outcomes` lists every way a flow can end, and `suite` plays folders of cases and says what they reach.
//!   With `engine` scripts can also stand in for executors in an engine.
//! - `executor-suite`: what an engine relies on in an executor, as checks for own ones, in `executor_suite`.
//! - `store-suite`: what every store must do, in `store_suite`.
//! - `faults`: disks that fail, and what a power cut leaves, for stores in SQLite files, in `faults`.
//! - `servers`: real servers on loopback, in `servers`: a website with known defects, and sinks that stand in
//!   for Slack, a webhook receiver and a mail server.

#[cfg(feature = "chaos")]
pub mod chaos;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "executor-suite")]
pub mod executor_suite;
#[cfg(feature = "faults")]
pub mod faults;
#[cfg(feature = "script")]
pub mod outcomes;
#[cfg(any(feature = "synth", feature = "faults"))]
#[cfg_attr(not(feature = "synth"), expect(dead_code, reason = "flows draw in more ways than disks"))]
mod random;
#[cfg(feature = "script")]
pub mod script;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "script")]
pub mod sim;
#[cfg(feature = "store-suite")]
pub mod store_suite;
#[cfg(feature = "script")]
pub mod suite;
#[cfg(feature = "synth")]
pub mod synth;
