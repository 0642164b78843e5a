//! The pure part of flowrun.
#![forbid(unsafe_code)]

mod condition;
mod keys;
mod model;
mod task;

pub use condition::{
    Comparison, ConditionLint, ConditionWarning, Conditions, Evaluation, LintKind, MalformedConditions,
    Operand, Operator, Seen,
};
pub use keys::{Unreadable, data_keys};
pub use model::*;
pub use task::{
    ErrorClass, Failure, ObjectReport, Outcome, Report, Resource, ResourceKind, Task, TaskObject,
};
