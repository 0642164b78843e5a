//! Flows made in code.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Flow, ReadError};
use crate::condition::Operator;

/// Collects nodes and edges and gives a [`Flow`]: the same JSON text a canvas would save.
///
/// ```
/// use flowrun_core::{Condition, Flow, NodeSpec, Operator};
///
/// let flow = Flow::builder()
///     .title("Nightly")
///     .node(NodeSpec::new("1", "scan").condition(Condition::new("health", Operator::AtLeast, 80)))
///     .node(NodeSpec::new("2", "slack").start_if(false).set("message", "{{page_url}} is at {{health}}"))
///     .edge("1", "2")
///     .build()?;
/// assert_eq!(flow.node_count(), 2);
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FlowBuilder {
    id: Option<String>,
    title: Option<String>,
    nodes: Vec<Value>,
    edges: Vec<Value>,
}

impl FlowBuilder {
    /// Sets the id under which runs name this flow. Default: none.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the title. Default: none.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds a node.
    #[must_use]
    pub fn node(mut self, node: NodeSpec) -> Self {
        let id = node.data.get("id").cloned().unwrap_or_default();
        self.nodes.push(json!({"id": id, "type": "basic", "data": node.data}));
        self
    }

    /// Adds an edge from the node `source` to the node `target`.
    #[must_use]
    pub fn edge(mut self, source: impl Into<String>, target: impl Into<String>) -> Self {
        let (source, target) = (source.into(), target.into());
        let id = (self.edges.len() + 1).to_string();
        self.edges.push(json!({"id": id, "type": "smoothstep", "source": source, "target": target}));
        self
    }

    /// Adds edges that link the nodes named in `ids` one after another.
    #[must_use]
    pub fn chain(self, ids: &[&str]) -> Self {
        ids.windows(2).fold(self, |flow, pair| flow.edge(pair[0], pair[1]))
    }

    /// The flow.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when it is over a reading limit: the text is read as any other.
    pub fn build(self) -> Result<Flow, ReadError> {
        let mut flow = Map::new();
        let texts = [("id", self.id), ("title", self.title)];
        flow.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into()))));
        flow.insert("nodes".into(), self.nodes.into());
        flow.insert("edges".into(), self.edges.into());
        Flow::from_json(Value::Object(flow).to_string())
    }
}

/// One node of a flow that is made in code.
///
/// ```
/// use flowrun_core::{Condition, Flow, NodeSpec, Operator};
///
/// let measure = NodeSpec::new("1", "measure").set("wait_ms", 20);
/// let measure = measure.condition(Condition::new("length", Operator::AtLeast, 30));
/// let flow = Flow::builder().node(measure).build()?;
/// assert!(flow.to_json().contains(r#""wait_ms":20"#));
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NodeSpec {
    data: Map<String, Value>,
}

impl NodeSpec {
    /// A node with an id and a task type (`""` for an empty node).
    #[must_use]
    pub fn new(id: impl Into<String>, task_type: impl Into<String>) -> Self {
        let mut data = Map::new();
        data.insert("id".into(), id.into().into());
        data.insert("task_type".into(), task_type.into().into());
        Self { data }
    }

    /// Adds an expression to the node's conditions.
    #[must_use]
    pub fn condition(mut self, condition: Condition) -> Self {
        let conditions = self.data.entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(conditions) = conditions {
            let joiner = if conditions.is_empty() { "" } else { condition.joiner };
            conditions.push(json!({
                "joiner": joiner,
                "data_type": condition.key,
                "operator": condition.operator.sign(),
                "value": condition.value,
            }));
        }
        self
    }

    /// Says which side of the conditions above it starts this node.
    #[must_use]
    pub fn start_if(self, side: bool) -> Self {
        self.set("start_if", side)
    }

    /// Sets any member of the node's `data`.
    ///
    /// # Panics
    ///
    /// When `value` cannot be written as JSON, such as a map with keys that are no texts.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("the value can be written as JSON");
        self.data.insert(key.into(), value);
        self
    }
}

/// One expression of a node's conditions: `key operator value`.
///
/// ```
/// use flowrun_core::{Condition, Flow, NodeSpec, Operator};
///
/// let node = NodeSpec::new("1", "scan")
///     .condition(Condition::new("score", Operator::AtLeast, 60))
///     .condition(Condition::new("status", Operator::Equal, "passed").or());
/// let flow = Flow::builder().node(node).build()?;
/// let conditions = flow.nodes().next().and_then(|node| node.conditions()).unwrap_or_default().to_owned();
/// assert!(conditions.contains(r#""joiner":"or""#), "{conditions}");
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Condition {
    joiner: &'static str,
    key: String,
    operator: Operator,
    value: Value,
}

impl Condition {
    /// An expression. It is joined to the one before it with `and`.
    #[must_use]
    pub fn new(key: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Self {
        Self { joiner: "and", key: key.into(), operator, value: value.into() }
    }

    /// The same expression, joined to the one before it with `or`.
    #[must_use]
    pub fn or(mut self) -> Self {
        self.joiner = "or";
        self
    }
}
