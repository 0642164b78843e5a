//! The text of a flow or a run, read once: where its nodes, edges and known fields stand.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::diagnostic::{Diagnostic, json_problem, line_and_column};
use super::json::{Span, string_of};
use super::scan;

/// Ceilings that a host sets for the documents it reads. Each is enforced while reading.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadLimits {
    /// Bytes of the document, default 1 GiB, at most 4 GiB − 1.
    pub max_bytes: usize,
    /// Nodes, default 1,000,000.
    pub max_nodes: usize,
    /// Edges, default 8,000,000.
    pub max_edges: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, max_nodes: 1_000_000, max_edges: 8_000_000 }
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

/// A JSON document with a `nodes` and an `edges` array. Cloning shares the text.
#[derive(Clone)]
pub(crate) struct Document {
    text: Arc<str>,
    top: [Span; Top::ALL.len()],
    nodes: Arc<[NodeSlot]>,
    edges: Arc<[EdgeSlot]>,
}

impl Document {
    /// Reads a document. All reading problems have codes `json.…` and `flow.…`.
    pub(crate) fn read(text: impl Into<Arc<str>>, limits: &ReadLimits) -> Result<Self, ReadError> {
        let text: Arc<str> = text.into();
        let max_bytes = limits.max_bytes.min(u32::MAX as usize);
        if text.len() > max_bytes {
            let message = format!("the document has {} bytes; at most {max_bytes} are read", text.len());
            return Err(ReadError::new(
                &text,
                Diagnostic::error("flow.too-large", String::new(), message).at(0..0),
            ));
        }
        scan::check(&text).map_err(|refused| ReadError::new(&text, refused_text(&refused)))?;
        Self::parse(text, limits)
    }

    /// Reads a document that this project wrote. The ceilings are for what comes from outside: a host may
    /// have read the flow with higher ones, and entries of executors nest inside it.
    pub(crate) fn read_own(text: String) -> Result<Self, ReadError> {
        let limits = ReadLimits { max_bytes: usize::MAX, max_nodes: usize::MAX, max_edges: usize::MAX };
        Self::parse(text.into(), &limits)
    }

    fn parse(text: Arc<str>, limits: &ReadLimits) -> Result<Self, ReadError> {
        let mut reader = Reader {
            text: &text,
            limits,
            top: Default::default(),
            nodes: vec![],
            edges: vec![],
            found: None,
        };
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let read =
            deserializer.deserialize_map(TopVisitor(&mut reader)).and_then(|()| deserializer.end()).err();
        let Reader { top, nodes, edges, found, .. } = reader;
        if let Some(diagnostic) = found {
            return Err(ReadError::new(&text, diagnostic));
        }
        if let Some(error) = read {
            return Err(syntax_error(&text, &error));
        }
        Ok(Self { top, nodes: nodes.into(), edges: edges.into(), text })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared_text(&self) -> &Arc<str> {
        &self.text
    }

    pub(crate) fn nodes(&self) -> &[NodeSlot] {
        &self.nodes
    }

    pub(crate) fn edges(&self) -> &[EdgeSlot] {
        &self.edges
    }

    /// The JSON text of a top-level key; `None` when absent.
    pub(crate) fn top(&self, key: Top) -> Option<&str> {
        let span = self.top[key as usize];
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
        let (nodes, edges) = (self.nodes.len(), self.edges.len());
        f.debug_struct("Document").field("nodes", &nodes).field("edges", &edges).finish_non_exhaustive()
    }
}

fn refused_text(refused: &scan::Refused) -> Diagnostic {
    let max = scan::MAX_DEPTH;
    match *refused {
        scan::Refused::TooDeep { offset } => {
            let message = format!("the document nests deeper than {max} levels");
            Diagnostic::error("json.too-deep", String::new(), message).at(offset..offset + 1)
        }
        scan::Refused::NotFinite { offset, len } => {
            let message = "a number is beyond the range of a 64-bit float".to_owned();
            Diagnostic::error("json.number", String::new(), message).at(offset..offset + len)
        }
    }
}

/// The parser's own finding, at its place.
fn syntax_error(text: &str, error: &serde_json::Error) -> ReadError {
    let (message, offset) = json_problem(text, error);
    let code = if error.is_data() { "flow.wrong-type" } else { "json.syntax" };
    let end = (offset + 1).min(text.len());
    let span = text.get(offset..end).map_or(offset..offset, |_| offset..end);
    ReadError::new(text, Diagnostic::error(code, String::new(), message).at(span))
}

/// The parser's finding about `part`, a piece of `text` that stands at `pointer`.
pub(crate) fn part_error(text: &str, part: &str, pointer: &str, error: &serde_json::Error) -> ReadError {
    let inner = *syntax_error(part, error).diagnostic;
    // A part that stands in no document, such as the `{}` read for missing data, cannot be wrong.
    let start = Span::of(text, part).range().start;
    let span = inner.span.map(|span| span.start + start..span.end + start);
    ReadError::new(text, Diagnostic { pointer: pointer.to_owned(), span, ..inner })
}

/// The reading ends here; the finding is kept in the [`Reader`].
struct Stop;

/// Collects what the visitors below find. `found` is the finding that ended the reading, if one did.
struct Reader<'a> {
    text: &'a str,
    limits: &'a ReadLimits,
    top: [Span; Top::ALL.len()],
    nodes: Vec<NodeSlot>,
    edges: Vec<EdgeSlot>,
    found: Option<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// Keeps the finding; the parser is then unwound.
    fn refuse(&mut self, finding: Diagnostic) -> Stop {
        self.found.get_or_insert(finding);
        Stop
    }

    fn limit(&mut self, what: &str, limit: usize) -> Stop {
        let message = format!("the document has more than {limit} {what}");
        self.refuse(Diagnostic::error("flow.too-large", format!("/{what}"), message).at(0..0))
    }

    /// The span of a field that must be of the JSON type that starts with one of `starts`.
    fn field(
        &mut self,
        raw: Option<&'a RawValue>,
        starts: &[u8],
        expected: &str,
        pointer: impl Fn() -> String,
    ) -> Result<Span, Stop> {
        let Some(raw) = raw else { return Ok(Span::default()) };
        let span = Span::of(self.text, raw.get());
        if raw.get().bytes().next().is_some_and(|first| starts.contains(&first)) {
            return Ok(span);
        }
        let pointer = pointer();
        let message = format!("`{pointer}` must be {expected}");
        Err(self.refuse(Diagnostic::error("flow.wrong-type", pointer, message).at(span.range())))
    }

    fn node(&mut self, node: &NodeKnown<'a>) -> Result<(), Stop> {
        let index = self.nodes.len();
        if index == self.limits.max_nodes {
            return Err(self.limit("nodes", index));
        }
        let at = |key: &'static str| move || format!("/nodes/{index}/{key}");
        let data_span = self.field(node.data, b"{", "an object", at("data"))?;
        let data: DataKnown<'a> = match node.data {
            None => DataKnown::default(),
            Some(raw) => serde_json::from_str(raw.get()).map_err(|error| {
                let pointer = format!("/nodes/{index}/data");
                self.refuse(*part_error(self.text, raw.get(), &pointer, &error).diagnostic)
            })?,
        };
        let slot = NodeSlot {
            id: self.field(node.id, b"\"", "a text", at("id"))?,
            data: data_span,
            data_id: self.field(data.id, b"\"", "a text", at("data/id"))?,
            task_type: self.field(data.task_type, b"\"", "a text or null", at("data/task_type"))?,
            conditions: Span::of_optional(self.text, data.conditions),
            start_if: Span::of_optional(self.text, data.start_if),
            max_nodes: self.field(data.max_nodes, b"-0123456789", "a number", at("data/maxNodes"))?,
            max_conds: self.field(data.max_conds, b"-0123456789", "a number", at("data/maxConds"))?,
        };
        self.nodes.push(slot);
        Ok(())
    }

    fn edge(&mut self, edge: &EdgeKnown<'a>) -> Result<(), Stop> {
        let index = self.edges.len();
        if index == self.limits.max_edges {
            return Err(self.limit("edges", index));
        }
        let at = |key: &'static str| move || format!("/edges/{index}/{key}");
        let slot = EdgeSlot {
            id: Span::of_optional(self.text, edge.id),
            source: self.field(edge.source, b"\"", "a text", at("source"))?,
            target: self.field(edge.target, b"\"", "a text", at("target"))?,
        };
        self.edges.push(slot);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a node (an object)")]
struct NodeKnown<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct DataKnown<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    task_type: Option<&'a RawValue>,
    #[serde(borrow)]
    conditions: Option<&'a RawValue>,
    #[serde(borrow)]
    start_if: Option<&'a RawValue>,
    #[serde(borrow, rename = "maxNodes")]
    max_nodes: Option<&'a RawValue>,
    #[serde(borrow, rename = "maxConds")]
    max_conds: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an edge (an object)")]
struct EdgeKnown<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
}

struct TopVisitor<'r, 'a>(&'r mut Reader<'a>);

impl<'a> Visitor<'a> for TopVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow (an object with `nodes` and `edges`)")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let reader = self.0;
        let mut seen = [false; Top::ALL.len()];
        while let Some(TopKey(key)) = map.next_key()? {
            let Some((key, name)) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[key as usize], true) {
                return Err(serde::de::Error::duplicate_field(name));
            }
            match key {
                Top::Nodes => map.next_value_seed(Elements { reader, take: Reader::node })?,
                Top::Edges => map.next_value_seed(Elements { reader, take: Reader::edge })?,
                Top::Id
                | Top::User
                | Top::Account
                | Top::Flow
                | Top::TimeCreated
                | Top::Title
                | Top::Status
                | Top::TimeCompleted
                | Top::Logs
                | Top::Site
                | Top::Configs
                | Top::TimeLastRun => {
                    let raw: &RawValue = map.next_value()?;
                    reader.top[key as usize] = Span::of(reader.text, raw.get());
                }
            }
        }
        Ok(())
    }
}

/// A key of the top level, if it is one that is read.
struct TopKey(Option<(Top, &'static str)>);

impl<'de> Deserialize<'de> for TopKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = TopKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<TopKey, E> {
                Ok(TopKey(Top::ALL.into_iter().find(|(_, name)| *name == key)))
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// Reads an array (or null) element by element, handing each to `take`.
struct Elements<'r, 'a, T> {
    reader: &'r mut Reader<'a>,
    take: fn(&mut Reader<'a>, &T) -> Result<(), Stop>,
}

impl<'a, T: Deserialize<'a>> DeserializeSeed<'a> for Elements<'_, 'a, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, T: Deserialize<'a>> Visitor<'a> for Elements<'_, 'a, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<T>()? {
            (self.take)(self.reader, &element).map_err(|Stop| serde::de::Error::custom("refused"))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Arrays<'a> {
    #[serde(borrow, default)]
    nodes: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    edges: Option<Vec<&'a RawValue>>,
}
