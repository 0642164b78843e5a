//! Data keys: the names by which conditions and templates read an object.
//!
//! Owns the table of the 63 documented keys, the rules for reading them, and how values are spelled. Refuses to
//! know what a condition or a template does with a value: it says what is there, or why nothing can be read.

mod read;
mod spelling;
mod table;

pub use read::DataKeyError;
pub(crate) use read::{KeyRef, Reading};
pub(crate) use spelling::{json_number, number_text};
pub use table::{DataKey, data_keys, documented_keys};
pub(crate) use table::{Kind, OBJECT_TYPES};
