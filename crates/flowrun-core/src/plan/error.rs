//! Why a flow is no plan.

use std::error::Error;
use std::fmt;

use crate::model::{Diagnostic, Severity};

/// A flow is refused. Holds every problem, and what else its author may want to know.
///
/// ```
/// use flowrun_core::{Flow, NodeSpec, Plan, TaskTypes};
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "paint")).node(NodeSpec::new("2", "draw")).build()?;
/// let refused = Plan::new(&flow, &TaskTypes::documented()).unwrap_err();
/// assert_eq!(refused.problems().len(), 2);
/// assert_eq!(refused.problems()[0].code, "plan.unknown-task-type");
/// assert!(refused.to_string().starts_with("the flow is refused: ") && refused.to_string().ends_with(", and 1 more"));
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PlanError {
    /// Problems first.
    diagnostics: Vec<Diagnostic>,
    problems: usize,
}

impl PlanError {
    /// A refusal with these findings; those that are errors come first, else they stay in their order.
    #[must_use]
    pub fn new(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|finding| finding.severity);
        let problems = diagnostics.partition_point(|finding| finding.severity == Severity::Error);
        Self { diagnostics, problems }
    }

    /// What the flow is refused for, in the order of the document.
    #[must_use]
    pub fn problems(&self) -> &[Diagnostic] {
        &self.diagnostics[..self.problems]
    }

    /// What its author may want to know besides, as far as it can be known.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.diagnostics[self.problems..]
    }

    /// All of it, problems first.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

/// The first problem, and how many more there are.
impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.problems().first().map_or("no reason given", |problem| &problem.message);
        write!(f, "the flow is refused: {first}")?;
        match self.problems {
            0 | 1 => Ok(()),
            more => write!(f, ", and {} more", more - 1),
        }
    }
}

/// Nothing but the findings.
impl fmt::Debug for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.diagnostics).finish()
    }
}

impl Error for PlanError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_problem_is_shown_and_problems_alone_are_counted() {
        let error = |message: &str| Diagnostic::error("a.b", String::new(), message.to_owned());
        let warning = Diagnostic::warning("a.c", String::new(), "odd".to_owned());
        let one = PlanError::new(vec![warning.clone(), error("bad")]);
        assert_eq!(one.to_string(), "the flow is refused: bad");
        assert_eq!((one.problems().len(), one.warnings()), (1, &[warning.clone()][..]));
        let three = PlanError::new(vec![error("bad"), warning, error("worse"), error("worst")]);
        assert_eq!(three.to_string(), "the flow is refused: bad, and 2 more");
        assert_eq!(three.into_diagnostics()[1].message, "worse");
    }
}
