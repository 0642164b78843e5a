//! What an executor is given and what it gives back: plain data that can travel.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::json::{Span, quote, string_of};
use crate::{Attempt, Facts, ObjectEntry, RunId, Site};

/// One attempt of a node: everything its executor needs to know, self-contained and serialisable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The run.
    pub run: RunId,
    #[serde(with = "node_text")]
    pub(crate) node: NodeText,
    /// Which call of the executor in this visit.
    pub attempt: Attempt,
    /// The entries to work on: those of the nodes above, for receivers, without the ones already done.
    pub objects: Vec<TaskObject>,
    /// Pages or the site to work on.
    pub resources: Arc<[Resource]>,
    /// The site the flow runs on.
    pub site: Arc<Site>,
}

impl Task {
    /// A task that belongs to no run: for trying an executor. `data` is the node's `data` as JSON.
    ///
    /// # Errors
    ///
    /// When `data` is no JSON object.
    pub fn detached(node: &str, task_type: &str, data: &str, site: Site) -> Result<Self, serde_json::Error> {
        let resources = [Resource::site(&site)].into();
        Ok(Self {
            run: RunId::from_bytes([0; 16]),
            node: NodeText::new(node, task_type, data)?,
            attempt: Attempt::FIRST,
            objects: Vec::new(),
            resources,
            site: Arc::new(site),
        })
    }

    /// Id of the node.
    #[must_use]
    pub fn node(&self) -> Cow<'_, str> {
        string_of(self.node.id.text(&self.node.document))
    }

    /// The node's task type.
    #[must_use]
    pub fn task_type(&self) -> Cow<'_, str> {
        string_of(self.node.task_type.text(&self.node.document))
    }

    /// The node's `data` as JSON text, all keys included.
    #[must_use]
    pub fn data(&self) -> &str {
        self.node.data()
    }

    /// Reads the node's `data` into a type of the executor's own; unknown keys are for others.
    ///
    /// # Errors
    ///
    /// When `data` does not fit the type.
    pub fn settings<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data())
    }
}

/// A node's id, task type and data as places in a shared text: a task copies none of it.
#[derive(Clone)]
pub(crate) struct NodeText {
    pub(crate) document: Arc<str>,
    pub(crate) id: Span,
    pub(crate) task_type: Span,
    pub(crate) data: Span,
}

impl NodeText {
    fn new(id: &str, task_type: &str, data: &str) -> Result<Self, serde_json::Error> {
        let _: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(data)?;
        let mut document = String::new();
        quote(&mut document, id);
        let id_end = document.len();
        quote(&mut document, task_type);
        let type_end = document.len();
        document.push_str(data);
        let span = |range: Range<usize>| Span::of(&document, &document[range]);
        Ok(Self {
            id: span(0..id_end),
            task_type: span(id_end..type_end),
            data: span(type_end..document.len()),
            document: document.into(),
        })
    }

    fn data(&self) -> &str {
        if self.data.is_absent() { "{}" } else { self.data.text(&self.document) }
    }
}

impl std::fmt::Debug for NodeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id.text(&self.document))
    }
}

/// [`NodeText`] on its way: `{"id": …, "task_type": …, "data": {…}}`.
mod node_text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    use super::NodeText;
    use crate::model::json::string_of;

    #[derive(Serialize, Deserialize)]
    struct Wire<'a> {
        id: Cow<'a, str>,
        task_type: Cow<'a, str>,
        data: Cow<'a, RawValue>,
    }

    pub(super) fn serialize<S: Serializer>(node: &NodeText, serializer: S) -> Result<S::Ok, S::Error> {
        let data: &RawValue = serde_json::from_str(node.data()).map_err(serde::ser::Error::custom)?;
        Wire {
            id: string_of(node.id.text(&node.document)),
            task_type: string_of(node.task_type.text(&node.document)),
            data: Cow::Borrowed(data),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NodeText, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        NodeText::new(&wire.id, &wire.task_type, wire.data.get()).map_err(serde::de::Error::custom)
    }
}

/// An entry with what is known of its object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskObject {
    /// The entry, as the node's `objects` shows it.
    pub entry: ObjectEntry,
    /// The object's facts, if any were reported.
    pub facts: Option<Facts>,
}

/// A page or a site that a task works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Its address.
    #[serde(rename = "str")]
    pub url: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceKind,
}

impl Resource {
    /// The site as a whole.
    #[must_use]
    pub fn site(site: &Site) -> Self {
        Self { id: site.id().to_owned(), url: site.site_url().to_owned(), kind: ResourceKind::Site }
    }

    /// One page.
    #[must_use]
    pub fn page(id: &str, url: &str) -> Self {
        Self { id: id.to_owned(), url: url.to_owned(), kind: ResourceKind::Page }
    }
}

/// What a [`Resource`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// A whole site: every page it has.
    Site,
    /// One page.
    Page,
}

/// What an executor says while it works. A report is never answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// Entries that are new, or that have changed.
    Objects(Vec<ObjectReport>),
    /// A line for the log, one line whatever it holds.
    Log(String),
}

/// One entry as it now stands, with the facts of its object when there are any to tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ObjectReport {
    /// The entry.
    pub entry: ObjectEntry,
    /// The facts, kept for the whole run under the entry's `source_id`.
    pub facts: Option<Facts>,
}

/// How an attempt ended.
///
/// Most executors end with [`Outcome::done`]: the entries they reported then decide whether the node passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The entries decide: failed if one of them failed, else passed.
    Done,
    /// Passed, whatever the entries say.
    Passed,
    /// Failed, whatever the entries say.
    Failed(Box<Failure>),
}

impl Outcome {
    /// The entries decide.
    #[must_use]
    pub const fn done() -> Self {
        Self::Done
    }

    /// Failed, and why: the message becomes a line of the node's log.
    #[must_use]
    pub fn failed(class: ErrorClass, message: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failure { class, message: Some(message.into()), retry_after: None }))
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure: it decides about another attempt.
    pub class: ErrorClass,
    /// A line for the log, if the executor has not written one already.
    pub message: Option<String>,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// What kind of failure an attempt ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// It may work next time: refused connections, overload, rate limits.
    Transient,
    /// It will fail again: wrong input, refused by the other side.
    Permanent,
    /// Whether the effect happened is not known: the answer was lost.
    Unknown,
    /// The deadline of the attempt passed.
    Timeout,
    /// The executor panicked.
    Panic,
    /// The attempt was told to stop.
    Stopped,
}

impl ErrorClass {
    /// Whether another attempt may help.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Transient | Self::Timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_travels_as_json_and_comes_back_the_same() {
        let data = r#"{"id":"1","message":"a \"b\"","unknown":1e2}"#;
        let mut task = Task::detached("n \"1\"", "slack", data, Site::new("https://a.example")).unwrap();
        task.objects.push(TaskObject {
            entry: ObjectEntry::new("p", "s"),
            facts: Some(Facts::new(serde_json::json!({"type": "scan", "score": 90.0}))),
        });
        let text = serde_json::to_string(&task).unwrap();
        let back: Task = serde_json::from_str(&text).unwrap();
        assert_eq!(back.node(), "n \"1\"");
        assert_eq!(back.data(), data);
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}
