//! Stores in SQLite files on disks that fail.
#![cfg(feature = "faults")]
#![expect(clippy::print_stdout, reason = "the counts say how much was tried")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod errors;
mod flips;
mod power;
mod work;
