//! An embeddable engine that runs flows: nodes and edges, the JSON a React-Flow canvas draws.
#![forbid(unsafe_code)]

mod context;
mod executor;
mod redact;

pub use async_trait::async_trait;
pub use context::{Context, DetachedRun};
pub use executor::TaskExecutor;
pub use flowrun_core::*;
