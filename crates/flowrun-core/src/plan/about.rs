//! How a finding names what it is about: the node or the edge, the JSON pointer, the bytes to underline.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::model::json::{Members, Span, string_of};
use crate::model::{Diagnostic, Flow, NodeIx, shown};

/// Makes findings about one flow.
#[derive(Clone, Copy)]
pub(super) struct About<'a>(pub(super) &'a Flow);

impl<'a> About<'a> {
    pub(super) fn text(self, span: Span) -> Cow<'a, str> {
        string_of(span.text(self.0.to_json()))
    }

    /// The id of a node as a message shows it.
    pub(super) fn shown_id(self, node: NodeIx) -> String {
        shown(&self.0.node(node).id())
    }

    /// A problem of a node, at `key` of it and drawn at `span`, else at the node's id.
    pub(super) fn error(
        self,
        code: &'static str,
        (node, key, span): (NodeIx, &str, Span),
        message: String,
    ) -> Diagnostic {
        self.at_node(Diagnostic::error(code, pointer(node, key), message), node, span)
    }

    /// A warning about a node, as [`error`](Self::error).
    pub(super) fn warning(
        self,
        code: &'static str,
        (node, key, span): (NodeIx, &str, Span),
        message: String,
    ) -> Diagnostic {
        self.at_node(Diagnostic::warning(code, pointer(node, key), message), node, span)
    }

    /// Where the value at `key` of a node stands, `key` being a JSON pointer without its first slash; if there is
    /// none, where the deepest one on the way to it stands.
    pub(super) fn span_in(self, node: NodeIx, key: &str) -> Span {
        let text = self.0.to_json();
        let slot = &self.0.document.nodes()[node.index()];
        let mut steps = key.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
        let mut at = match steps.next().as_deref() {
            Some("id") => return slot.id,
            Some("data") if !slot.data.is_absent() => slot.data.text(text),
            _ => return Span::default(),
        };
        let mut is_deeper = false;
        for step in steps {
            let Some(below) = value_below(at, &step) else { break };
            (at, is_deeper) = (below, true);
        }
        // The data as a whole is no place to underline.
        if is_deeper { Span::of(text, at) } else { Span::default() }
    }

    fn at_node(self, finding: Diagnostic, node: NodeIx, span: Span) -> Diagnostic {
        let slot = &self.0.document.nodes()[node.index()];
        let id = self.text(slot.id);
        let finding = if id.is_empty() { finding } else { finding.node(&id) };
        at_first(finding, [span, slot.id, slot.data])
    }
}

/// Draws a finding at the first of these places that is there.
pub(super) fn at_first(finding: Diagnostic, places: [Span; 3]) -> Diagnostic {
    match places.into_iter().find(|span| !span.is_absent()) {
        Some(span) => finding.at(span.range()),
        None => finding,
    }
}

/// The member of an object or the element of a list; of a member that is given twice the last one.
fn value_below<'a>(value: &'a str, step: &str) -> Option<&'a str> {
    if value.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(value).ok()?;
        return elements.get(step.parse::<usize>().ok()?).map(|element| element.get());
    }
    let Members(members) = serde_json::from_str(value).ok()?;
    members.iter().rev().find(|(name, _)| name == step).map(|(_, value)| value.get())
}

fn pointer(node: NodeIx, key: &str) -> String {
    let slash = if key.is_empty() { "" } else { "/" };
    format!("/nodes/{}{slash}{key}", node.index())
}
