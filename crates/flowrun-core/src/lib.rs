//! The pure part of flowrun.
#![forbid(unsafe_code)]

mod model;
mod task;

pub use model::*;
pub use task::{
    ErrorClass, Failure, ObjectReport, Outcome, Report, Resource, ResourceKind, Task, TaskObject,
};
