//! What can be wrong with a script.

use std::collections::HashSet;
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

/// A script speaks of something that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownNameError {
    /// A node that the flow does not have.
    #[error("the script speaks of node `{node}`, which this flow does not define{}", help(.nearest))]
    Node {
        /// The id.
        node: String,
        /// An id of the flow that looks like it.
        nearest: Option<String>,
    },
    /// A task type that is neither documented nor one of the script's own.
    #[error("the script speaks of task type `{task_type}`, which is neither documented nor among its `own_types`{}", help(.nearest))]
    TaskType {
        /// The name.
        task_type: String,
        /// A task type that looks like it.
        nearest: Option<String>,
    },
}

impl Script {
    /// Whether every node that the script speaks of is one of the flow, and every task type is known. Types that
    /// no node has are fine: one script may serve several flows.
    ///
    /// # Errors
    ///
    /// The first name that nothing has.
    pub fn check(&self, plan: &Plan) -> Result<(), UnknownNameError> {
        let types = self.run.task_types();
        if let Some(name) = self.types.keys().find(|name| types.role(name).is_none()) {
            let nearest = nearest(name, types.names());
            return Err(UnknownNameError::TaskType { task_type: name.clone(), nearest });
        }
        if self.nodes.is_empty() {
            return Ok(());
        }
        let ids: HashSet<_> = plan.flow().nodes().map(|node| node.id()).collect();
        if let Some(node) = self.nodes.keys().find(|node| !ids.contains(node.as_str())) {
            let nearest = nearest(node, plan.flow().nodes().map(|node| node.id()));
            return Err(UnknownNameError::Node { node: node.clone(), nearest });
        }
        Ok(())
    }
}

/// The known name that differs least, if it is one that people mistype so.
fn nearest<T: AsRef<str> + Ord>(name: &str, known: impl Iterator<Item = T>) -> Option<String> {
    let close = known.map(|known| (strsim::damerau_levenshtein(name, known.as_ref()), known));
    let (distance, known) = close.min()?;
    // A third of the letters: of short names nothing is close.
    (distance * 3 <= name.chars().count()).then(|| known.as_ref().to_owned())
}

fn help(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}
