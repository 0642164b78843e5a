//! The pure part of flowrun.
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

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
pub use plan::{PlanEdge, PlanEdges};
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
