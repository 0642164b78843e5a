//! `webhook`: one request per object to an address the flow names.
//!
//! The address is a user's, so the guard decides whether it is reached, redirects are not followed and the
//! answer's body is not shown unless the settings say so. `Idempotency-Key` and `webhook-id` are the same in every attempt: a receiver
//! that honours one of them sees each effect once. `webhook-attempt` is the number of the attempt, from 1, so
//! that its log can tell a repetition from the first request.

mod check;
mod executor;
mod request;
mod settings;

pub use executor::WebhookExecutor;
pub use settings::WebhookSettings;
