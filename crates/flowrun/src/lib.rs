//! An embeddable engine that runs flows: nodes and edges, the JSON a React-Flow canvas draws.
//!
//! A [`Flow`] is run for a [`Site`] and becomes a [`FlowRun`]: the same drawing with the state of each node, a
//! log and a result. What a node does is done by a [`TaskExecutor`]; the engine decides what runs, when, and
//! on which objects.
//!
//! A value goes from one node to the next, and decides which of two runs:
//!
//! ```
//! use flowrun::{
//!     Condition, Context, Engine, Facts, Flow, NodeSpec, NodeStatus, ObjectEntry, ObjectStatus, Operator, Outcome, Role,
//!     RunRequest, Site, Task,
//! };
//! use serde_json::json;
//!
//! /// Yields an object with a value: the length of the site's address.
//! fn measure(task: &Task, context: &Context) -> Outcome {
//!     let facts = Facts::new(json!({"type": "measure", "length": task.site().site_url().len()}));
//!     context.report_object(ObjectEntry::new("site", "1").with_status(ObjectStatus::Passed), Some(facts));
//!     Outcome::done()
//! }
//!
//! /// A receiver: it is handed the objects of the node above.
//! fn tell(task: &Task, context: &Context) -> Outcome {
//!     for object in task.objects() {
//!         let length = object.facts.as_ref().and_then(|facts| facts.get("length"));
//!         context.log(format!("the address has {} characters", length.unwrap_or(&json!("no"))));
//!         context.report_object(object.entry.clone().with_status(ObjectStatus::Passed), None);
//!     }
//!     Outcome::done()
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let flow = Flow::builder()
//!         .node(NodeSpec::new("measure", "measure").condition(Condition::new("length", Operator::AtLeast, 30)))
//!         .node(NodeSpec::new("long", "tell").start_if(true))
//!         .node(NodeSpec::new("short", "tell").start_if(false))
//!         .edge("measure", "long")
//!         .edge("measure", "short")
//!         .build()?;
//!     let engine = Engine::builder().function("measure", measure).function_as("tell", Role::Receiver, tell).build()?;
//!     let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?.result().await?;
//!     assert_eq!(run.node("short").map(|node| node.status), Some(NodeStatus::Passed));
//!     assert_eq!(run.node("long").map(|node| node.status), Some(NodeStatus::Queued));
//!     assert!(run.logs().iter().any(|line| line.message == "the address has 19 characters"));
//!     Ok(())
//! }
//! ```
//!
//! # Where to find what
//!
//! This page has what nearly every program needs. The rest is sorted by who needs it, and everything has its place in the
//! root of the crate as well:
//!
//! - [`embed`]: the engine, what a run is started with, and the handle it gives;
//! - [`tasks`]: writing executors, and trying them alone;
//! - [`flows`]: flows, sites, what a check says, and the reference of the format;
//! - [`run`](mod@run): what a run has become, its events, and why;
//! - [`store`]: where runs are kept, and stores of one's own;
//! - [`low_level`]: the state machine without an engine, templates, and what tools are made of.
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

#[doc(hidden)]
pub use flowrun_core::*;
#[doc(hidden)]
pub use flowrun_store::{
    Commit, InPlaceWriter, Journal, JournalLine, JournalReader, Maintenance, MemoryStore, NewRun, Opened,
    Page as JournalPage, Retention, RunFilter, RunSummary, StoreError, StoreStats, StoredRun, StoredRunError,
    Verified,
};
#[cfg(feature = "sqlite")]
#[doc(hidden)]
pub use flowrun_store::{
    HostError, HostTables, HostTransaction, OpenError, RunChange, SqlValue, SqliteOptions,
};
#[doc(hidden)]
pub use {
    async_trait::async_trait,
    clock::{Clock, SystemClock},
    context::DetachedRun,
    executor::{Placement, Probe},
    executors::BuildError,
    handle::{Events, RunEvent, RunUpdate},
    progress::{RunError, Snapshot},
    recover::{Recovered, ResumeError, Untouched},
    redact::{RedactedStream, Redactor},
    request::StartError,
    runs::{ListedRun, SlotWait},
    slots::{Share, SlotRequest},
    typed::ExecutorError,
};

// The first page, which has room for 25 items with the modules below.
pub use builder::EngineBuilder;
pub use context::Context;
pub use engine::Engine;
pub use executor::TaskExecutor;
pub use executors::Executors;
#[doc(inline)]
pub use flowrun_core::{Condition, Facts, Flow, FlowRun, NodeSpec, Outcome, RunStatus, Site, Task};
#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use flowrun_store::SqliteStore;
#[doc(inline)]
pub use flowrun_store::Store;
pub use handle::RunHandle;
pub use request::RunRequest;
pub use typed::TypedExecutor;

/// Embedding: the engine, what a run is started with, and the handle it gives.
pub mod embed {
    #[doc(inline)]
    pub use crate::{
        BuildError, Clock, Engine, EngineBuilder, ErrorChain, Executors, ListedRun, ParseRunIdError,
        Recovered, Rerun, ResumeError, RetryPolicy, RunError, RunHandle, RunId, RunPolicy, RunRequest, Share,
        SlotRequest, SlotWait, Snapshot, StartError, SystemClock, Untouched,
    };
}

/// Writing executors: what they are handed, what they report, and how they end.
pub mod tasks {
    #[doc(inline)]
    pub use crate::{
        Attempt, Context, DetachedRun, EffectClass, ErrorClass, ExecutorError, Facts, Failure, NoSecrets,
        NodeData, NodeDataError, NodeProblem, ObjectEntry, ObjectReport, ObjectStatus, OnUnknown, Origin,
        Outcome, Place, Placement, Probe, RedactedStream, Redactor, Report, Resource, ResourceKind, Role,
        SecretSource, Task, TaskExecutor, TaskObject, TaskTypes, TypedExecutor, async_trait, json_problem,
    };
}

/// Flows: made in code or read from JSON, what a check says of them, and the reference of the format.
pub mod flows {
    #[doc(inline)]
    pub use crate::{
        Condition, DEFAULT_CONFIGS, DataKey, DataKeyError, Diagnostic, Edge, Findings, Flow, FlowBuilder,
        NODE_KEYS, NODE_SETTINGS, Node, NodeKey, NodeSetting, NodeSpec, ORIGINAL_SETTINGS, Operator, Page,
        ParseOperatorError, Plan, PlanError, ReadError, ReadLimits, Severity, Site, data_keys,
        documented_keys, flow_schema, line_and_column,
    };
    #[cfg(feature = "petgraph")]
    #[doc(inline)]
    pub use crate::{PlanEdge, PlanEdges, Visited};
}

/// Runs: what they have become, their events, and why nodes ran or did not.
pub mod run {
    #[doc(inline)]
    pub use crate::{
        AttemptEnd, AttemptExplanation, EdgeExplanation, EdgeReason, Events, ExplainedState, Explanation,
        FlowRun, JudgedComparison, JudgedObject, LogEntry, NodeExplanation, NodeProgress, NodeStatus,
        ObjectRecord, Reason, Record, RunEvent, RunExplanation, RunState, RunStatus, RunUpdate, Skipped,
        Stop, Timestamp,
    };
}

/// Stores: where runs are kept, looking after them, and stores of one's own.
pub mod store {
    #[doc(inline)]
    pub use crate::{
        Commit, InPlaceWriter, Journal, JournalLine, JournalPage, JournalReader, Maintenance, MemoryStore,
        NewRun, Opened, Retention, RunFilter, RunSummary, Store, StoreError, StoreStats, StoredRun,
        StoredRunError, Verified,
    };
    #[cfg(feature = "sqlite")]
    #[doc(inline)]
    pub use crate::{
        HostError, HostTables, HostTransaction, OpenError, RunChange, SqlValue, SqliteOptions, SqliteStore,
    };
}

/// The state machine without an engine, templates, conditions, and what tools are made of.
pub mod low_level {
    #[doc(inline)]
    pub use crate::{
        AttemptError, Call, Command, Comparison, ConditionLint, ConditionWarning, Conditions,
        ConditionsError, Decision, Evaluation, Event, Explainer, KindsOfNodes, LintKind, NodeIx, ObjectKinds,
        Operand, ParseTimestampError, RejectedError, RenderError, RenderOptions, Rendered, ReplayError,
        ReportSizeError, Run, RunSpec, Seen, Semantics, SemanticsError, TemplateWarning, Timer, fit_line,
        is_harmless, names_in_json, nearest, render, secret_and_key_names, shown,
    };
}
