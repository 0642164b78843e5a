//! `slack`: one message per object, by bot token or through an incoming webhook.
//!
//! Slack knows no idempotency key, so a message whose answer was lost is not sent again here; the log says
//! that nobody knows. It decides nothing about the run.

mod answer;
mod client;
mod executor;
mod length;
mod settings;

pub use executor::SlackExecutor;
pub use settings::SlackSettings;
