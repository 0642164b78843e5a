//! `email`: one message per object and address, over SMTP.
//!
//! Addresses are tried one by one, so that a bad one does not stop the others; an object has passed when all
//! of its addresses were served. It decides nothing about the run.

mod client;
mod executor;
mod settings;

pub use executor::EmailExecutor;
pub use settings::EmailSettings;
