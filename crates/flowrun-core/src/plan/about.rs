//! How a finding names what it is about: the node or the edge, the JSON pointer, the bytes to underline.

use std::borrow::Cow;

use crate::model::json::{Span, string_of};
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

fn pointer(node: NodeIx, key: &str) -> String {
    let slash = if key.is_empty() { "" } else { "/" };
    format!("/nodes/{}{slash}{key}", node.index())
}
