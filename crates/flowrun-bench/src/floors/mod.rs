//! What the same graph or text costs with nothing but the one thing that cannot be left out.
//!
//! Floors keep no status, no times and no events. They stand in the same process as what is compared with
//! them, and are the only figures that ratios are made of.

mod boxed;
mod joinset;
mod kahn;
mod link;
mod text;

pub use boxed::{boxed, boxed_pending};
pub use joinset::joinset;
pub use kahn::kahn;
pub use link::link;
pub use text::{count_bytes, read_value, write_value};
