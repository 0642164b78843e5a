//! Runs as the wire shows them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Document, ReadError, ReadLimits, Top};
use super::{Edge, Flow, Node, ObjectEntry, Timestamp};

/// The status of a node on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeStatus {
    /// Not started; also the word for a node that is never going to start.
    #[default]
    Queued,
    /// Its executor is at work.
    Working,
    /// Ended well.
    Passed,
    /// Ended badly.
    Failed,
}

/// The status of a run on the wire.
///
/// ```
/// use flowrun_core::RunStatus;
///
/// assert!(RunStatus::Failed.is_over() && !RunStatus::Working.is_over());
/// assert_eq!(RunStatus::Cancelled.to_string(), "cancelled");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Open.
    #[default]
    Working,
    /// Closed, no node failed.
    Passed,
    /// Closed, at least one node failed.
    Failed,
    /// Closed because somebody asked for it.
    Cancelled,
}

impl RunStatus {
    /// Whether the run is closed.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Working)
    }
}

macro_rules! word {
    ($status:ty { $($variant:ident => $word:literal),* }) => {
        impl fmt::Display for $status {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $word),* })
            }
        }
    };
}
word!(NodeStatus { Queued => "queued", Working => "working", Passed => "passed", Failed => "failed" });
word!(RunStatus { Working => "working", Passed => "passed", Failed => "failed", Cancelled => "cancelled" });

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When, in T2 on the wire.
    #[serde(serialize_with = "as_naive")]
    pub timestamp: Timestamp,
    /// The line.
    pub message: String,
    /// Id of the node it belongs to.
    pub step: String,
}

fn as_naive<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.naive())
}

/// What a run knows of one node: the keys that exist only on the nodes of a run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeProgress {
    /// How far the node is.
    pub status: NodeStatus,
    /// Whether what follows from the node has been decided.
    pub finalized: bool,
    /// When it started.
    pub time_started: Option<Timestamp>,
    /// When it ended.
    pub time_completed: Option<Timestamp>,
    /// What it worked on or yielded.
    pub objects: Vec<ObjectEntry>,
}

/// A run of a flow for a site: the documented JSON object, kept as text.
///
/// ```
/// use flowrun_core::{FlowRun, RunStatus};
///
/// let text = r#"{"id":"r","nodes":[],"edges":[],"status":"passed","logs":[],"configs":{},"mine":1}"#;
/// let run = FlowRun::from_json(text)?;
/// assert_eq!(run.status(), RunStatus::Passed);
/// assert_eq!(run.to_json(), text);
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FlowRun {
    flow: Flow,
    status: RunStatus,
    time_created: Option<Timestamp>,
    time_completed: Option<Timestamp>,
    logs: Vec<LogEntry>,
    progress: Vec<NodeProgress>,
}

impl FlowRun {
    /// Reads a run, lean ones (without nodes, edges and logs) included.
    ///
    /// # Errors
    ///
    /// [`ReadError`], as for [`Flow::from_json`]; also when a status, a time or a log entry has a wrong type.
    pub fn from_json(text: impl Into<Arc<str>>) -> Result<Self, ReadError> {
        Self::of_document(Document::read(text, &ReadLimits::default())?)
    }

    /// Reads a run that this project wrote, without the ceilings for what comes from outside.
    pub(crate) fn from_own_json(text: String) -> Result<Self, ReadError> {
        Self::of_document(Document::read_own(text)?)
    }

    fn of_document(document: Document) -> Result<Self, ReadError> {
        let flow = Flow { document };
        let head: Head = read_part(&flow, "", flow.to_json())?;
        let progress = flow
            .nodes()
            .enumerate()
            .map(|(index, node)| read_part(&flow, &format!("/nodes/{index}/data"), node.data()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            status: head.status,
            time_created: head.time_created,
            time_completed: head.time_completed,
            logs: head.logs.unwrap_or_default(),
            progress,
            flow,
        })
    }

    /// The text of the run.
    #[must_use]
    pub fn to_json(&self) -> &str {
        self.flow.to_json()
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.flow.id()
    }

    /// The title it took from its flow.
    #[must_use]
    pub fn title(&self) -> Option<Cow<'_, str>> {
        self.flow.title()
    }

    /// Id of the flow.
    #[must_use]
    pub fn flow_id(&self) -> Option<Cow<'_, str>> {
        self.flow.document.top_text(Top::Flow)
    }

    /// Id of the site.
    #[must_use]
    pub fn site_id(&self) -> Option<Cow<'_, str>> {
        self.flow.document.top_text(Top::Site)
    }

    /// The JSON text of the run's configs.
    #[must_use]
    pub fn configs(&self) -> Option<&str> {
        self.flow.document.top(Top::Configs)
    }

    /// How the run stands.
    #[must_use]
    pub const fn status(&self) -> RunStatus {
        self.status
    }

    /// When it was created.
    #[must_use]
    pub const fn time_created(&self) -> Option<Timestamp> {
        self.time_created
    }

    /// When it closed; `None` while it is open.
    #[must_use]
    pub const fn time_completed(&self) -> Option<Timestamp> {
        self.time_completed
    }

    /// The log, sorted by step as the wire shows it.
    #[must_use]
    pub fn logs(&self) -> &[LogEntry] {
        &self.logs
    }

    /// The nodes with how far each is, in the order of the flow.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (Node<'_>, &NodeProgress)> {
        self.flow.nodes().zip(&self.progress)
    }

    /// How far the node `id` is.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeProgress> {
        self.nodes().find(|(node, _)| node.id() == id).map(|(_, progress)| progress)
    }

    /// The edges, in the order of the flow.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = Edge<'_>> {
        self.flow.edges()
    }
}

/// What is read from the top of a run beside what every document has.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    status: RunStatus,
    #[serde(default)]
    time_created: Option<Timestamp>,
    #[serde(default)]
    time_completed: Option<Timestamp>,
    #[serde(default)]
    logs: Option<Vec<LogEntry>>,
}

/// Reads `part`, a piece of the document, into a type; errors get their place in the whole.
fn read_part<'a, T: Deserialize<'a>>(flow: &Flow, pointer: &str, part: &'a str) -> Result<T, ReadError> {
    serde_json::from_str(part).map_err(|error| super::read::part_error(flow.to_json(), part, pointer, &error))
}
