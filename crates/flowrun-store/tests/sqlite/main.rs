//! The SQLite store and its file.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod bad_files;
mod closing;
mod common;
mod damage;
mod here;
mod host_steps;
mod host_tables;
mod maintenance;
mod replaying;
mod samples;
