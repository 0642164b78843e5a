//! Flows: the drawing as the canvas saves it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::document::{Document, NodeSlot, ReadError, ReadLimits, Top};
use super::json::string_of;
use super::{FlowBuilder, NodeIx};

/// A flow: nodes and edges, as the JSON text they came as and the places of what matters in it.
///
/// Every key is kept, known or not: [`to_json`](Self::to_json) gives the text that was read. Reading checks
/// the types of what it uses; whether the graph makes sense is for [`Plan::new`](crate::Plan::new). Cloning
/// shares the text.
///
/// ```
/// use flowrun_core::Flow;
///
/// let text = r#"{"title":"T","colour":"red","nodes":[{"id":"1","data":{"task_type":"scan"}}],"edges":[]}"#;
/// let flow = Flow::from_json(text)?;
/// assert_eq!(flow.title().as_deref(), Some("T"));
/// assert_eq!(flow.nodes().next().unwrap().task_type(), "scan");
/// assert_eq!(flow.to_json(), text);
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone)]
pub struct Flow {
    pub(crate) document: Document,
}

impl Flow {
    /// Reads a flow with the default [`ReadLimits`].
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the text is no JSON, has a wrong type or a key twice where this project reads it,
    /// nests deeper than 128 levels, holds a number beyond 64-bit floats, or is over a limit.
    pub fn from_json(text: impl Into<Arc<str>>) -> Result<Self, ReadError> {
        Self::from_json_limited(text, &ReadLimits::default())
    }

    /// Reads a flow with other limits.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_json_limited(text: impl Into<Arc<str>>, limits: &ReadLimits) -> Result<Self, ReadError> {
        Ok(Self { document: Document::read(text, limits)? })
    }

    /// Starts a flow that is made in code.
    #[must_use]
    pub fn builder() -> FlowBuilder {
        FlowBuilder::default()
    }

    /// The text this flow was read from.
    #[must_use]
    pub fn to_json(&self) -> &str {
        self.document.text()
    }

    /// The same text, shared.
    #[must_use]
    pub fn shared_json(&self) -> Arc<str> {
        Arc::clone(self.document.shared_text())
    }

    /// The id; `None` for a flow that was never stored.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.document.top_text(Top::Id)
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> Option<Cow<'_, str>> {
        self.document.top_text(Top::Title)
    }

    /// The number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.document.nodes().len()
    }

    /// The nodes, in their order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> {
        self.document.nodes().iter().map(|slot| Node { text: self.document.text(), slot })
    }

    /// The edges, in their order.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = Edge<'_>> {
        self.document.edges().iter().map(|slot| Edge {
            id: string_of(slot.id.text(self.document.text())),
            source: string_of(slot.source.text(self.document.text())),
            target: string_of(slot.target.text(self.document.text())),
        })
    }

    /// One node by its place in `nodes`.
    pub(crate) fn node(&self, node: NodeIx) -> Node<'_> {
        Node { text: self.document.text(), slot: &self.document.nodes()[node.index()] }
    }
}

/// Its text, to be copied from the message of a failed test.
impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flow({})", self.to_json())
    }
}

impl std::str::FromStr for Flow {
    type Err = ReadError;
    fn from_str(text: &str) -> Result<Self, ReadError> {
        Self::from_json(text)
    }
}

/// A node of a flow or a run: a view into its document.
///
/// ```
/// use flowrun_core::{Flow, NodeSpec};
///
/// let flow = Flow::builder().node(NodeSpec::new("2", "scan").start_if(true)).build()?;
/// let node = flow.nodes().next().expect("it has one");
/// assert_eq!((&*node.id(), &*node.task_type(), node.start_if()), ("2", "scan", Some(true)));
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(crate) text: &'a str,
    pub(crate) slot: &'a NodeSlot,
}

impl<'a> Node<'a> {
    /// The id, empty when it is missing.
    #[must_use]
    pub fn id(&self) -> Cow<'a, str> {
        string_of(self.slot.id.text(self.text))
    }

    /// What kind of task it is; empty for an empty node.
    #[must_use]
    pub fn task_type(&self) -> Cow<'a, str> {
        string_of(self.slot.task_type.text(self.text))
    }

    /// The JSON text of `data`, all keys included.
    #[must_use]
    pub fn data(&self) -> &'a str {
        if self.slot.data.is_absent() { "{}" } else { self.slot.data.text(self.text) }
    }

    /// Which side of the conditions above it starts this node; `None` for neither.
    #[must_use]
    #[inline]
    pub fn start_if(&self) -> Option<bool> {
        // Most nodes say nothing of it.
        if self.slot.start_if.is_absent() { None } else { self.read_start_if() }
    }

    fn read_start_if(&self) -> Option<bool> {
        match self.slot.start_if.text(self.text) {
            "true" => Some(true),
            "false" => Some(false),
            other => match other.parse::<f64>() {
                Ok(1.0) => Some(true),
                Ok(0.0) => Some(false),
                _ => None,
            },
        }
    }

    /// The JSON text of `conditions`; `None` when absent, null or an empty array.
    #[must_use]
    #[inline]
    pub fn conditions(&self) -> Option<&'a str> {
        if self.slot.conditions.is_absent() { None } else { self.read_conditions() }
    }

    fn read_conditions(&self) -> Option<&'a str> {
        let raw = self.slot.conditions.text(self.text);
        let is_empty_array = raw.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(']'));
        (!is_empty_array).then_some(raw)
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.id())
            .field("task_type", &self.task_type())
            .finish_non_exhaustive()
    }
}

/// An edge of a flow or a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The id, empty when it is missing.
    pub id: Cow<'a, str>,
    /// Id of the node it leaves.
    pub source: Cow<'a, str>,
    /// Id of the node it leads to.
    pub target: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (&'static str, usize, usize, String) {
        let error = Flow::from_json(text).unwrap_err();
        (error.diagnostic.code, error.line, error.column, error.diagnostic.pointer.clone())
    }

    #[test]
    fn wrong_types_are_named_with_their_place() {
        let text = "{\"nodes\": [\n  {\"id\": 1}]}";
        assert_eq!(refused(text), ("flow.wrong-type", 2, 10, "/nodes/0/id".into()));
        let text = "{\"nodes\": [{\"id\":\"1\",\n\"data\":{\"task_type\":5}}]}";
        assert_eq!(refused(text), ("flow.wrong-type", 2, 21, "/nodes/0/data/task_type".into()));
        assert_eq!(refused("[]").0, "flow.wrong-type");
        assert_eq!(refused(r#"{"nodes":{}}"#).0, "flow.wrong-type");
        assert_eq!(refused(r#"{"nodes":[1]}"#).0, "flow.wrong-type");
    }

    #[test]
    fn broken_json_is_named_with_line_and_column() {
        let (code, line, column, _) = refused("{\"nodes\": [\n  {\"id\": }]}");
        assert_eq!((code, line, column), ("json.syntax", 2, 10));
        assert_eq!(refused("{\"title\": NaN}").0, "json.syntax");
        assert_eq!(refused("").0, "json.syntax");
        assert_eq!(refused("{} x").0, "json.syntax");
    }

    #[test]
    fn keys_that_are_read_may_stand_once_only() {
        assert_eq!(refused(r#"{"title":"a","title":"b"}"#).0, "flow.wrong-type");
        assert_eq!(refused(r#"{"nodes":[{"id":"1","id":"1"}]}"#).0, "flow.wrong-type");
        let (code, line, ..) = refused("{\"nodes\":[{\"id\":\"1\",\"data\":{\"id\":\"1\",\n\"id\":\"1\"}}]}");
        assert_eq!((code, line), ("flow.wrong-type", 2));
        assert!(Flow::from_json(r#"{"nodes":[{"id":"1","data":{"x":1,"x":2}}]}"#).is_ok());
    }

    #[test]
    fn keys_are_known_however_they_are_written_and_must_be_texts() {
        let text = r#"{"n\u006fdes":[{"\u0069d":"1","d\u0061ta":{"task\u005ftype":"scan"}}]}"#;
        let flow = Flow::from_json(text).unwrap();
        let node = flow.nodes().next().unwrap();
        assert_eq!(
            (&*node.id(), &*node.task_type(), node.data()),
            ("1", "scan", r#"{"task\u005ftype":"scan"}"#)
        );
        // Half a surrogate pair is JSON, and no text.
        let (code, line, column, _) = refused(r#"{"nodes":[],"\ud800":1}"#);
        assert_eq!((code, line), ("json.syntax", 1));
        assert!(column > 12, "{column}");
    }

    #[test]
    fn what_stands_twice_or_is_of_a_wrong_type_is_named_in_its_part() {
        let pointer = |text: &str| refused(text).3;
        assert_eq!(pointer(r#"{"edges":7}"#), "/edges");
        assert_eq!(pointer(r#"{"edges":[{},null]}"#), "/edges/1");
        assert_eq!(pointer(r#"{"nodes":[{"data":[]}]}"#), "/nodes/0/data");
        assert_eq!(pointer(r#"{"nodes":[{"data":{"maxConds":"4"}}]}"#), "/nodes/0/data/maxConds");
        assert_eq!(pointer(r#"{"nodes":[{"data":{"id":null,"id":null}}]}"#), "/nodes/0/data/id");
        assert_eq!(pointer(r#"{"nodes":null,"nodes":[]}"#), "/nodes");
        assert!(Flow::from_json(r#"{"nodes":[{"id":null,"data":null}],"edges":null}"#).is_ok());
    }

    #[test]
    fn depth_and_numbers_are_checked_inside_raw_parts() {
        let deep = format!(r#"{{"nodes":[{{"data":{{"x":{}{}}}}}]}}"#, "[".repeat(130), "]".repeat(130));
        assert_eq!(refused(&deep).0, "json.too-deep");
        assert_eq!(refused(r#"{"nodes":[{"data":{"x":1e400}}]}"#).0, "json.number");
    }

    #[test]
    fn limits_hold_while_reading() {
        let limits = ReadLimits::default().max_nodes(1).max_edges(0);
        let read = |text: &str| Flow::from_json_limited(text, &limits).map_err(|e| e.diagnostic.code);
        assert_eq!(read(r#"{"nodes":[{"id":"1"},{"id":"2"}]}"#).unwrap_err(), "flow.too-large");
        assert_eq!(read(r#"{"edges":[{"id":"1"}]}"#).unwrap_err(), "flow.too-large");
        assert!(read(r#"{"nodes":[{"id":"1"}]}"#).is_ok());
        assert!(Flow::from_json_limited("{}", &limits.max_bytes(1)).is_err());
    }

    #[test]
    fn start_if_takes_one_and_zero() {
        let flow = |value: &str| {
            Flow::from_json(format!(r#"{{"nodes":[{{"data":{{"start_if":{value}}}}}]}}"#)).unwrap()
        };
        for (value, expected) in [
            ("true", Some(true)),
            ("1", Some(true)),
            ("0.0", Some(false)),
            ("null", None),
            ("\"true\"", None),
        ] {
            assert_eq!(flow(value).nodes().next().unwrap().start_if(), expected, "{value}");
        }
    }
}
