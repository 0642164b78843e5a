//! `email`: one message per object and address, over SMTP.
//!
//! Addresses are tried one by one, so that a bad one does not stop the others; an object has passed when all
//! of its addresses were served. All messages of a node travel on one connection, as long as the server keeps it open.
//! It decides nothing about the run.

mod client;
mod conversation;
mod executor;
mod message;
mod progress;
mod recipients;
mod server;
mod settings;

pub use executor::EmailExecutor;
pub use settings::EmailSettings;
