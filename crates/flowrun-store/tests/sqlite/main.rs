//! The SQLite store and its file.
#![cfg(feature = "sqlite")]

mod bad_files;
mod closing;
mod common;
mod damage;
mod maintenance;
mod samples;
