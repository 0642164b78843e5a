//! What is wrong with something a person wrote: plain data, drawn by whoever talks to that person.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// How much a [`Diagnostic`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The flow is refused.
    Error,
    /// The flow runs, but perhaps not as meant.
    Warning,
}

/// Whose it is to mend what a [`Diagnostic`] is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The author of the flow.
    #[default]
    Flow,
    /// Whoever operates the engine: a setting is missing or wrong, such as the address of a mail server.
    Settings,
}

impl Origin {
    /// Whether it is the flow itself.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        *self == Self::Flow
    }
}

/// One finding about a document: a stable code, a sentence, and the place.
///
/// ```
/// use flowrun_core::{Flow, Plan, Severity, TaskTypes};
///
/// let flow = Flow::from_json(r#"{"nodes": [{"id": "1", "data": {"task_type": "scann"}}], "edges": []}"#)?;
/// let found = Plan::diagnose(&flow, &TaskTypes::documented());
/// assert_eq!((found[0].severity, found[0].code), (Severity::Error, "plan.unknown-task-type"));
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the document is refused because of it.
    pub severity: Severity,
    /// Whose it is to mend; left out of JSON where it is the flow's author.
    #[serde(skip_serializing_if = "Origin::is_flow")]
    pub origin: Origin,
    /// A stable code such as `plan.cycle`, never reused for another meaning.
    pub code: &'static str,
    /// What is wrong, lower-case, without a full stop.
    pub message: String,
    /// Id of the node it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Id of the edge it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<String>,
    /// JSON pointer (RFC 6901) to the place.
    pub pointer: String,
    /// Bytes of the document it is about, where the place can be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: &'static str, pointer: String, message: String) -> Self {
        Self {
            severity: Severity::Error,
            origin: Origin::Flow,
            code,
            message,
            node: None,
            edge: None,
            pointer,
            span: None,
            help: None,
        }
    }

    pub(crate) fn warning(code: &'static str, pointer: String, message: String) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, pointer, message) }
    }

    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    pub(crate) const fn of(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub(crate) fn node(mut self, id: &str) -> Self {
        self.node = Some(shown(id));
        self
    }

    pub(crate) fn edge(mut self, id: &str) -> Self {
        self.edge = Some(shown(id));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Line and column of a byte offset, both counted from 1, the column in characters.
///
/// ```
/// assert_eq!(flowrun_core::line_and_column("a\nbcd", 4), (2, 3));
/// ```
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// What is wrong with a JSON text, without the place that the parser appends to its sentence; and that place,
/// as a byte of the text.
///
/// ```
/// let text = "{\n\"a\" 1}";
/// let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
/// assert_eq!(flowrun_core::json_problem(text, &error), ("expected `:`".to_owned(), 6));
/// ```
#[must_use]
pub fn json_problem(text: &str, error: &serde_json::Error) -> (String, usize) {
    let full = error.to_string();
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    // The parser counts both from 1 and the column in bytes; column 0 is the line end before.
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let offset = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    (message.to_owned(), text.floor_char_boundary(offset))
}

/// Text from a document as shown in a message: control characters escaped, cut after 80 characters.
///
/// ```
/// assert_eq!(flowrun_core::shown("scan"), "scan");
/// assert!(!flowrun_core::shown("\u{1b}[2J").contains('\u{1b}'));
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        assert_eq!(line_and_column("é\nab", 0), (1, 1));
        assert_eq!(line_and_column("é\nab", 4), (2, 2));
        assert_eq!(line_and_column("a", 99), (1, 2));
    }

    #[test]
    fn long_or_odd_ids_do_not_flood_a_message() {
        assert_eq!(shown("a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(shown(&"x".repeat(1_000_000)).chars().count(), 81);
    }
}
