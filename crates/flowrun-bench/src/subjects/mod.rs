//! What is measured of flowrun.

mod core_loop;
mod crowd;
mod engine;
mod text;
mod watchers;

pub use core_loop::{core_run, plan};
pub use crowd::crowd;
pub(crate) use engine::one_thread;
pub use engine::{Work, engine, engine_run, start};
pub use text::{link, read, read_as_value_first, text_to_run, write};
pub use watchers::watchers;
