//! What an executor finds wrong with a node before anything runs.

use super::about::About;
use crate::model::{Diagnostic, Flow, NodeDataError, NodeIx, Origin, Severity};

/// Something that stands in the way of a node, or that its author may want to know: what a
/// `TaskExecutor::check` gives.
///
/// ```
/// use flowrun_core::{NodeProblem, Origin};
///
/// let problem = NodeProblem::error("greet.name", "/data/name", "`name` is empty").help("say whom to greet");
/// assert_eq!(problem.origin, Origin::Flow);
/// let problem = NodeProblem::settings("greet.voice", "no voice is set");
/// assert_eq!(problem.origin, Origin::Settings);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeProblem {
    /// Whether the node is refused because of it.
    pub severity: Severity,
    /// Whose it is to mend.
    pub origin: Origin,
    /// A stable code, `TASK-TYPE.WHAT`, never reused for another meaning.
    pub code: &'static str,
    /// JSON pointer from the node to the key it is about, such as `/data/uri`; empty for the node as a whole.
    pub pointer: String,
    /// What is wrong, lower-case, without a full stop; it reads well after `node 3: `.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl NodeProblem {
    /// A problem of the flow: the node is refused.
    #[must_use]
    pub fn error(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            origin: Origin::Flow,
            code,
            pointer: pointer.into(),
            message: message.into(),
            help: None,
        }
    }

    /// A hint for the author of the flow: the node runs all the same.
    #[must_use]
    pub fn warning(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, pointer, message) }
    }

    /// A problem of the settings that the operator gave the executor: nothing is wrong with the flow, and yet
    /// the node cannot run here.
    #[must_use]
    pub fn settings(code: &'static str, message: impl Into<String>) -> Self {
        Self { origin: Origin::Settings, ..Self::error(code, "", message) }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the node is refused because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A key of the node's own `data`.
impl From<NodeDataError> for NodeProblem {
    fn from(bad: NodeDataError) -> Self {
        Self::error(bad.code(), format!("/data/{}", bad.key()), bad.to_string())
    }
}

impl Flow {
    /// What was found about a node, in the shape of a plan's own findings: with the node's id, the pointer
    /// from the root of the document, and the place of the key in its text.
    #[must_use]
    pub fn finding(&self, node: NodeIx, problem: NodeProblem) -> Diagnostic {
        let NodeProblem { severity, origin, code, pointer, message, help } = problem;
        let about = About(self);
        let message = format!("node `{}`: {message}", about.shown_id(node));
        let key = pointer.strip_prefix('/').unwrap_or(&pointer);
        let place = (node, key, about.span_in(node, key));
        let finding = match severity {
            Severity::Error => about.error(code, place, message),
            Severity::Warning => about.warning(code, place, message),
        };
        let finding = finding.of(origin);
        match help {
            Some(help) => finding.help(help),
            None => finding,
        }
    }
}
