//! The text of a flow or a run, and where its nodes, edges and known fields stand in it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::diagnostic::{Diagnostic, line_and_column};
use super::json::{Span, string_of};
use super::read;

/// Ceilings that a host sets for the documents it reads. Each is enforced while reading.
///
/// ```
/// use flowrun_core::{Flow, ReadLimits};
///
/// let text = r#"{"nodes": [{"id": "1"}, {"id": "2"}], "edges": []}"#;
/// assert!(Flow::from_json(text).is_ok());
/// assert!(Flow::from_json_limited(text, &ReadLimits::default().max_nodes(1)).is_err());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadLimits {
    /// Bytes of the document, default 2 GiB, at most 4 GiB − 1: a canvas saves about 1,000 for a node and 100
    /// for an edge.
    pub max_bytes: usize,
    /// Nodes, default 1,000,000.
    pub max_nodes: usize,
    /// Edges, default 8,000,000.
    pub max_edges: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { max_bytes: 2 << 30, max_nodes: 1_000_000, max_edges: 8_000_000 }
    }
}

impl ReadLimits {
    /// Sets the ceiling for the size of a document, in bytes.
    #[must_use]
    pub const fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the ceiling for the number of nodes.
    #[must_use]
    pub const fn max_nodes(mut self, max_nodes: usize) -> Self {
        self.max_nodes = max_nodes;
        self
    }

    /// Sets the ceiling for the number of edges.
    #[must_use]
    pub const fn max_edges(mut self, max_edges: usize) -> Self {
        self.max_edges = max_edges;
        self
    }
}

/// A document could not be read: what is wrong, and where.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} at line {line}, column {column}", .diagnostic.message)]
pub struct ReadError {
    /// The finding, with its code and JSON pointer. Boxed, so that reading well costs no room for it.
    pub diagnostic: Box<Diagnostic>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl ReadError {
    pub(crate) fn new(text: &str, diagnostic: Diagnostic) -> Self {
        let (line, column) = line_and_column(text, diagnostic.span.as_ref().map_or(0, |span| span.start));
        Self { diagnostic: Box::new(diagnostic), line, column }
    }
}

/// Where a node's known fields stand. What is absent or null has an empty span.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NodeSlot {
    pub(crate) id: Span,
    pub(crate) data: Span,
    pub(crate) data_id: Span,
    pub(crate) task_type: Span,
    pub(crate) conditions: Span,
    pub(crate) start_if: Span,
    pub(crate) max_nodes: Span,
    pub(crate) max_conds: Span,
}

/// Where an edge's known fields stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EdgeSlot {
    pub(crate) id: Span,
    pub(crate) source: Span,
    pub(crate) target: Span,
}

/// The top-level keys of flows and runs, in the order the wire writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Top {
    Id,
    User,
    Account,
    Flow,
    TimeCreated,
    Title,
    Nodes,
    Edges,
    Status,
    TimeCompleted,
    Logs,
    Site,
    Configs,
    TimeLastRun,
}

impl Top {
    pub(crate) const ALL: [(Self, &'static str); 14] = [
        (Self::Id, "id"),
        (Self::User, "user"),
        (Self::Account, "account"),
        (Self::Flow, "flow"),
        (Self::TimeCreated, "time_created"),
        (Self::Title, "title"),
        (Self::Nodes, "nodes"),
        (Self::Edges, "edges"),
        (Self::Status, "status"),
        (Self::TimeCompleted, "time_completed"),
        (Self::Logs, "logs"),
        (Self::Site, "site"),
        (Self::Configs, "configs"),
        (Self::TimeLastRun, "time_last_run"),
    ];
}

/// Where everything stands that is read of a document.
#[derive(Default)]
pub(super) struct Slots {
    pub(super) top: [Span; Top::ALL.len()],
    pub(super) nodes: Vec<NodeSlot>,
    pub(super) edges: Vec<EdgeSlot>,
    /// The `data.configs` that may hold settings of this engine, by node. Most nodes have none.
    pub(super) configs: Vec<(u32, Span)>,
    /// The keys of further `data.configs` of a node, by node.
    pub(super) configs_again: Vec<(u32, Span)>,
}

/// A JSON document with a `nodes` and an `edges` array. Cloning shares the text.
#[derive(Clone)]
pub(crate) struct Document {
    text: Arc<str>,
    slots: Arc<Slots>,
}

impl Document {
    /// Reads a document. All reading problems have codes `json.…` and `flow.…`.
    pub(crate) fn read(text: impl Into<Arc<str>>, limits: &ReadLimits) -> Result<Self, ReadError> {
        let text: Arc<str> = text.into();
        let max_bytes = limits.max_bytes.min(u32::MAX as usize);
        if text.len() > max_bytes {
            let message = format!("the document has {} bytes; at most {max_bytes} are read", text.len());
            let finding = Diagnostic::error("flow.too-large", String::new(), message);
            return Err(ReadError::new(&text, finding.at(0..0)));
        }
        let slots = Arc::new(read::read(&text, limits)?);
        Ok(Self { text, slots })
    }

    /// Reads a document that this project wrote.
    pub(crate) fn read_own(text: String) -> Result<Self, ReadError> {
        let slots = Arc::new(read::read_own(&text)?);
        Ok(Self { text: text.into(), slots })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared_text(&self) -> &Arc<str> {
        &self.text
    }

    pub(crate) fn nodes(&self) -> &[NodeSlot] {
        &self.slots.nodes
    }

    pub(crate) fn edges(&self) -> &[EdgeSlot] {
        &self.slots.edges
    }

    /// Where `data.configs` may hold settings of this engine: the place of the node and the object.
    pub(crate) fn configs(&self) -> &[(u32, Span)] {
        &self.slots.configs
    }

    /// The keys of the `data.configs` that a node has beside its first: the place of the node and the key.
    pub(crate) fn configs_again(&self) -> &[(u32, Span)] {
        &self.slots.configs_again
    }

    /// The JSON text of a top-level key; `None` when absent.
    pub(crate) fn top(&self, key: Top) -> Option<&str> {
        let span = self.slots.top[key as usize];
        (!span.is_absent()).then(|| span.text(&self.text))
    }

    /// A top-level text; `None` when absent or null.
    pub(crate) fn top_text(&self, key: Top) -> Option<Cow<'_, str>> {
        self.top(key).filter(|raw| raw.starts_with('"')).map(string_of)
    }

    /// The JSON texts of the nodes and of the edges, found by reading the document once more.
    pub(crate) fn elements(&self) -> (Vec<&RawValue>, Vec<&RawValue>) {
        let Ok(Arrays { nodes, edges }) = serde_json::from_str(&self.text) else {
            unreachable!("the document was read before")
        };
        (nodes.unwrap_or_default(), edges.unwrap_or_default())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, edges) = (self.nodes().len(), self.edges().len());
        f.debug_struct("Document").field("nodes", &nodes).field("edges", &edges).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Arrays<'a> {
    #[serde(borrow, default)]
    nodes: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    edges: Option<Vec<&'a RawValue>>,
}
