//! What can be wrong with a script.

use std::ops::Range;

use flowrun_core::Plan;

use super::Script;

/// A script cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
#[non_exhaustive]
pub struct ScriptError {
    /// What is wrong, and what would be right.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
}

impl ScriptError {
    pub(super) fn of_json(error: &serde_json::Error, text: &str) -> Self {
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let end = lines.map(str::len).sum::<usize>() + error.column();
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
        // serde_json names the last byte that it read, counted from 1.
        Self::new(message, text, end.saturating_sub(1)..end)
    }

    pub(super) fn of_toml(error: &toml::de::Error, text: &str) -> Self {
        let message = error.message().trim_end().replace('\n', ", ");
        Self::new(message, text, error.span().unwrap_or_default())
    }

    fn new(message: String, text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            message,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..text.ceil_char_boundary(span.end),
        }
    }
}

/// A script speaks of a node that the flow does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the script speaks of node `{node}`, which this flow does not define")]
pub struct UnknownNode {
    /// The id.
    pub node: String,
}

impl Script {
    /// Whether every node that the script speaks of is one of the flow. Types that no node has are fine: one
    /// script may serve several flows.
    ///
    /// # Errors
    ///
    /// The first node that is not there.
    pub fn check(&self, plan: &Plan) -> Result<(), UnknownNode> {
        if self.nodes.is_empty() {
            return Ok(());
        }
        let known: std::collections::HashSet<_> = plan.flow().nodes().map(|node| node.id()).collect();
        match self.nodes.keys().find(|node| !known.contains(node.as_str())) {
            Some(node) => Err(UnknownNode { node: node.clone() }),
            None => Ok(()),
        }
    }
}
