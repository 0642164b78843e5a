//! The public original as a model, defect by defect.
//!
//! Owns a naive interpreter of sections 2 to 5 of the specification in which every known difference is one
//! switch of [`Conduct`]. With all of them on it behaves as the original does, so it reproduces the recordings;
//! with all of them off it behaves as the design says. Refuses to know flowrun's state machine: it shares no
//! code with it, so that it can be compared with it. (Single comparisons of conditions and the values of single
//! keys are read by the core; cases of their own check those.)

mod advance;
mod conduct;
mod entries;
mod fill;
mod judge;
mod log;
mod refuse;
mod run;
mod update;

use serde_json::{Value, json};

use super::case::{Case, Subject, error};
pub use conduct::Conduct;
use judge::Judged;

/// What a case expects of an engine that behaves like `conduct`. What no model can know is taken from the
/// recording: what comes of text that is run as code, which tasks stay at work for ever, and whether an argument
/// that nobody gave is named as null, as it was handed over, or by its default.
#[must_use]
pub fn model(case: &Case, conduct: &Conduct) -> Value {
    let recorded = &case.expected();
    match &case.subject {
        Subject::Run(run) => run::expectation(run, recorded, conduct),
        Subject::Conditions(case) => match judge::judge(&case.expressions, Some(&case.object), conduct) {
            Judged::Holds(holds) => json!({ "result": holds }),
            Judged::Raises => error(),
            Judged::Unpredictable => recorded.clone(),
        },
        Subject::Template(case) => fill::fill(case, recorded, conduct),
    }
}
