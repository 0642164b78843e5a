//! What a process does that may die of what it measures: it takes only so much memory, does a round after the other
//! for a few seconds, and answers with a line of JSON. What is measured is somebody else's.

pub mod durable;
mod rounds;

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

pub use rounds::Rounds;

/// Exit code of a child that says in the last line on standard error what went wrong.
pub const FAILED: u8 = 1;
/// Exit code of a child whose crate cannot express what is asked.
pub const UNFIT: u8 = 3;
/// Address space of a child.
const MEMORY: u64 = 4 << 30;

/// Takes no more than 4 GiB of memory from here on.
///
/// # Errors
///
/// When the system refuses the limit.
pub fn limit_memory() -> io::Result<()> {
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    Ok(setrlimit(Resource::As, limit)?)
}
