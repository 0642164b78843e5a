//! Templates: texts of a flow in which `{{key}}` stands for a secret or for what is known of an object.
//!
//! Owns the syntax, the one pass that fills a text in, and the escaping that each place needs. Refuses to know
//! where secrets are kept and what happens to the text.
//!
//! The syntax is `{{key}}` exactly: no blanks inside, no filters; of nested braces the innermost pair counts, and
//! `{{{{` stands for two braces. A secret shadows a data key of its name. What was put in is never
//! searched again, so a value cannot
//! bring in a secret. A key that is not known, or that the object cannot satisfy, stays as typed, and a warning
//! says so.

mod escape;
mod json;
#[cfg(test)]
mod properties;
mod render;
mod secrets;
mod token;
mod url;
mod warning;

pub use render::{Place, RenderError, RenderOptions, Rendered, render};
pub use secrets::{NoSecrets, SecretSource};
pub use token::{names_in_json, secret_and_key_names};
pub use warning::TemplateWarning;
