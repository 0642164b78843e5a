//! An embeddable engine that runs flows: nodes and edges, the JSON a React-Flow canvas draws.
//!
//! A [`Flow`] is run for a [`Site`] and becomes a [`FlowRun`]: the same drawing with the state of each node, a
//! log and a result. What a node does is done by a [`TaskExecutor`]; the engine decides what runs, when, and
//! on which objects.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun::{Context, Engine, Flow, NodeSpec, Outcome, RunRequest, RunStatus, Site, Task, TaskExecutor, async_trait};
//!
//! struct Greet;
//!
//! #[async_trait]
//! impl TaskExecutor for Greet {
//!     async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
//!         context.log(format!("hello {}", task.site().site_url()));
//!         Outcome::done()
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let engine = Engine::builder().executor("greet", Greet).build()?;
//!     let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
//!     let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
//!     let result = run.result().await?;
//!     assert_eq!(result.status(), RunStatus::Passed);
//!     Ok(())
//! }
//! ```
//!
//! # Runs that outlive the process
//!
//! With a store that keeps its runs, such as `SqliteStore`, nothing is done that was not written down before.
//! [`Engine::recover`] takes up what another process left behind: what is recorded as done is not done again,
//! and what was at work is, with the same [idempotency key](Context::idempotency_key), by the class of its
//! [effects](TaskExecutor::effect). [`Engine::rerun`] does the failed nodes of a run once more.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `sqlite`: a store in an SQLite file, `SqliteStore`;
//! - `petgraph`: a plan as petgraph walks it: its visit traits, and petgraph re-exported;
//! - `failpoints`: named places where tests stop the process; never in a release.
#![forbid(unsafe_code)]

mod ancestry;
mod builder;
mod cancel;
mod checked;
mod clock;
mod contain;
mod context;
mod driver;
mod engine;
mod executor;
mod executors;
mod failpoint;
mod handle;
mod held;
mod inner;
mod intake;
mod launch;
mod names;
mod preflight;
mod progress;
mod recover;
mod redact;
mod reports;
mod request;
mod runs;
mod secrets;
mod signal;
mod slots;
mod stops;
mod typed;

pub use async_trait::async_trait;
pub use builder::EngineBuilder;
pub use clock::{Clock, SystemClock};
pub use context::{Context, DetachedRun};
pub use engine::Engine;
pub use executor::{Placement, Probe, TaskExecutor};
pub use executors::{BuildError, Executors};
pub use flowrun_core::*;
pub use flowrun_store::{
    Commit, InPlaceWriter, Journal, JournalLine, JournalReader, Maintenance, MemoryStore, NewRun, Opened,
    Page as JournalPage, Retention, RunFilter, RunSummary, Store, StoreError, StoreStats, StoredRun,
    StoredRunError, Verified,
};
#[cfg(feature = "sqlite")]
pub use flowrun_store::{
    HostError, HostTables, HostTransaction, OpenError, RunChange, SqlValue, SqliteOptions, SqliteStore,
};
pub use handle::{Events, RunEvent, RunHandle, RunUpdate};
pub use progress::{RunError, Snapshot};
pub use recover::{Recovered, ResumeError, Untouched};
pub use redact::{RedactedStream, Redactor};
pub use request::{RunRequest, StartError};
pub use runs::ListedRun;
pub use slots::SlotRequest;
pub use typed::{ExecutorError, TypedExecutor};
