//! What is wrong with something a person wrote, from the core or found here.

use std::ops::Range;

use flowrun::{Diagnostic, Origin, Severity};
use serde::Serialize;

use crate::render::plain_up_to;

/// The longest message, in characters.
const MAX_MESSAGE: usize = 500;

/// One finding: a [`Diagnostic`] of the core, or one of the same shape about files and settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Whether something is refused because of it.
    pub(crate) severity: Severity,
    /// Whose it is to mend; left out where it is the flow's author.
    #[serde(skip_serializing_if = "Origin::is_flow")]
    pub(crate) origin: Origin,
    /// A stable code such as `setting.missing`.
    pub(crate) code: &'static str,
    /// What is wrong, lower-case, without a full stop.
    pub(crate) message: String,
    /// Id of the node it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<String>,
    /// Id of the edge it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edge: Option<String>,
    /// JSON pointer to the place.
    pub(crate) pointer: String,
    /// Bytes of the text it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) span: Option<Range<usize>>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl Finding {
    /// An error about a text as a whole.
    pub(crate) fn error(code: &'static str, message: String) -> Self {
        Self {
            severity: Severity::Error,
            origin: Origin::Flow,
            code,
            message,
            node: None,
            edge: None,
            pointer: String::new(),
            span: None,
            help: None,
        }
    }

    /// How many findings it stands for: one, or the number of those that were left out of a list.
    pub(crate) fn count(&self) -> usize {
        let told = (self.code == "plan.more").then(|| self.message.split(' ').next()?.parse().ok()).flatten();
        told.unwrap_or(1)
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        let Diagnostic { severity, origin, code, message, node, edge, pointer, span, help, .. } = diagnostic;
        let where_settings_go =
            || "settings are flags, variables or keys of a file: see `flowrun run --help`".to_owned();
        let help = help.or_else(|| (origin == Origin::Settings).then(where_settings_go));
        // The parser quotes what it did not expect, however long that is.
        let message = plain_up_to(MAX_MESSAGE, &message);
        Self { severity, origin, code, message, node, edge, pointer, span, help }
    }
}
