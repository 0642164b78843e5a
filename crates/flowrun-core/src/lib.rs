//! The pure part of flowrun: flows and their check, and the state machine of a run.
//!
//! It knows no clock, opens nothing, waits for nothing and draws no random number, so the same events lead to the same
//! decisions everywhere: in the engine of the crate `flowrun`, in a simulation, in a browser. Who only wants to run flows
//! uses `flowrun`, which has everything that is here.
//!
//! ```
//! use std::sync::Arc;
//! use flowrun_core::{Event, Flow, NodeSpec, Outcome, Plan, Run, RunId, RunSpec, RunStatus, Site, TaskTypes, Timestamp};
//!
//! let flow = Flow::builder().node(NodeSpec::new("1", "scan")).node(NodeSpec::new("2", "scan")).edge("1", "2").build()?;
//! let plan = Plan::new(&flow, &TaskTypes::documented())?; // or every problem of the flow at once
//! let (id, now) = (RunId::from_bytes([7; 16]), Timestamp::EPOCH);
//! let mut run = Run::new(Arc::new(plan), RunSpec::new(id, now, Site::new("https://example.com")));
//! let mut calls = run.handle(now, Event::Started)?.calls.clone();
//! while let Some(call) = calls.pop() {
//!     let ended = Event::AttemptEnded { node: call.node(), attempt: call.attempt(), outcome: Outcome::Passed };
//!     calls.append(run.handle(now, ended)?.calls);
//! }
//! assert_eq!(run.status(), RunStatus::Passed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Flow`] is the drawing, a [`Plan`] a flow that was checked, and a [`Run`] one execution of it. [`Conditions`] and
//! [`render`] are the two small languages of flows, each total: whatever is typed has an answer.
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

mod chain;
mod condition;
mod keys;
mod model;
mod plan;
mod reference;
mod run;
mod semantics;
mod task;
mod template;

#[cfg(feature = "petgraph")]
pub use ::petgraph;
pub use chain::ErrorChain;
pub use condition::{
    Comparison, ConditionLint, ConditionWarning, Conditions, ConditionsError, Evaluation, LintKind, Operand,
    Operator, ParseOperatorError, Seen,
};
pub use keys::{DataKey, DataKeyError, data_keys, documented_keys};
pub use model::*;
pub use plan::{
    EffectClass, KindsOfNodes, NODE_SETTINGS, NodeProblem, NodeSetting, ORIGINAL_SETTINGS, ObjectKinds,
    OnUnknown, Plan, PlanError, Role, TaskTypes,
};
#[cfg(feature = "petgraph")]
pub use plan::{PlanEdge, PlanEdges, Visited};
pub use reference::{NODE_KEYS, NodeKey, flow_schema};
pub use run::{
    AttemptEnd, AttemptExplanation, Command, DEFAULT_CONFIGS, Decision, EdgeExplanation, EdgeReason, Event,
    ExplainedState, Explainer, Explanation, JudgedComparison, JudgedObject, NodeExplanation, ObjectRecord,
    Reason, Record, RejectedError, ReplayError, ReportSizeError, Rerun, RetryPolicy, Run, RunExplanation,
    RunPolicy, RunSpec, RunState, Skipped, Stop, Timer,
};
pub use semantics::{Semantics, SemanticsError};
pub use task::{
    ErrorClass, Failure, ObjectReport, Outcome, Report, Resource, ResourceKind, Task, TaskObject,
};
pub use template::{
    NoSecrets, Place, RenderError, RenderOptions, Rendered, SecretSource, TemplateWarning, names_in_json,
    render, secret_and_key_names,
};
