//! Conformance: recorded cases, replayed and compared.
//!
//! Owns the reading of cases, their replay against `flowrun-core`, the comparison, and the known differences
//! between the public original and flowrun. Knows no case by name: everything it says about one follows from
//! what stands in it.

mod arguments;
mod case;
mod compare;
mod original;
mod patch;
mod replay;
mod report;
mod rules;
mod silence;

pub use case::{
    Case, CaseError, ConditionsCase, Head, RunCase, Script, Secret, Subject, TemplateCase, Update,
};
pub use compare::{Difference, first_difference};
pub use original::{Conduct, model};
pub use replay::replay;
pub use report::{Summary, Verdict, check};
pub use rules::{Rule, apply, rules};
