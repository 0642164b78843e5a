//! What an executor is given and what it gives back: plain data that can travel.

mod wire;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::json::{Span, quote, string_of};
use crate::plan::Plan;
use crate::{Attempt, Call, Facts, NodeIx, ObjectEntry, RunId, Site};

/// One attempt of a node: everything its executor needs to know, self-contained and serialisable.
///
/// A task holds on to its run's plan and copies no text of it, so a node without entries costs no allocation.
/// It is two words, which travel in registers: every task is moved into a future and on from there.
///
/// ```
/// use flowrun_core::{ObjectEntry, Site, Task, TaskObject};
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     name: String,
/// }
///
/// let task = Task::detached("1", "greet", r#"{"name": "Ada"}"#, Site::new("https://example.com"))?;
/// assert_eq!((&*task.node(), task.settings::<Settings>()?.name.as_str()), ("1", "Ada"));
/// let object = TaskObject { entry: ObjectEntry::new("page", "1"), facts: None };
/// assert_eq!(task.with_objects([object]).objects().len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Task {
    basis: Arc<Basis>,
    call: Call,
}

/// What a task works on. Most tasks of a run share one, without entries and on the site.
#[derive(Clone)]
pub(crate) struct Basis {
    common: Arc<Common>,
    pub(crate) possible_duplicate: bool,
    pub(crate) objects: Vec<TaskObject>,
    /// `None` for the site alone.
    pub(crate) resources: Option<Arc<[Resource]>>,
}

impl Basis {
    /// No entries, on the site.
    pub(crate) fn new(run: RunId, site: Arc<Site>, texts: Texts) -> Self {
        let common = Common { run, site_alone: [Resource::site(&site)], site, texts };
        Self { common: Arc::new(common), possible_duplicate: false, objects: Vec::new(), resources: None }
    }
}

impl Task {
    /// A task that belongs to no run: for trying an executor. `data` is the node's `data` as JSON.
    ///
    /// # Errors
    ///
    /// When `data` is no JSON object.
    pub fn detached(
        node: impl Into<String>,
        task_type: impl Into<String>,
        data: impl Into<String>,
        site: Site,
    ) -> Result<Self, serde_json::Error> {
        let run = RunId::from_bytes([0; 16]);
        let texts = Texts::Node(NodeText::new(&node.into(), &task_type.into(), &data.into())?);
        let basis = Basis::new(run, Arc::new(site), texts);
        Ok(Self::new(Arc::new(basis), Call::new(NodeIx::new(0), Attempt::FIRST)))
    }

    pub(crate) const fn new(basis: Arc<Basis>, call: Call) -> Self {
        Self { basis, call }
    }

    /// Sets which call of the executor it is; by default the first.
    #[must_use]
    pub const fn with_attempt(mut self, attempt: Attempt) -> Self {
        self.call = Call::new(self.call.node(), attempt);
        self
    }

    /// Sets the entries to work on; by default there are none.
    #[must_use]
    pub fn with_objects(mut self, objects: impl IntoIterator<Item = TaskObject>) -> Self {
        Arc::make_mut(&mut self.basis).objects = objects.into_iter().collect();
        self
    }

    /// Sets the pages or the site to work on; by default it is the site.
    #[must_use]
    pub fn with_resources(mut self, resources: impl Into<Arc<[Resource]>>) -> Self {
        Arc::make_mut(&mut self.basis).resources = Some(resources.into());
        self
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.basis.common.run
    }

    /// Which call of the executor it is, in which visit.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.call.attempt()
    }

    /// Id of the node.
    #[must_use]
    pub fn node(&self) -> Cow<'_, str> {
        match &self.basis.common.texts {
            Texts::Plan(plan) => plan.node_id(self.call.node()),
            Texts::Node(node) => string_of(node.id.text(&node.document)),
        }
    }

    /// The node's task type.
    #[must_use]
    pub fn task_type(&self) -> Cow<'_, str> {
        match &self.basis.common.texts {
            Texts::Plan(plan) => plan.node(self.call.node()).task_type(),
            Texts::Node(node) => string_of(node.task_type.text(&node.document)),
        }
    }

    /// The node's `data` as JSON text, all keys included.
    #[must_use]
    pub fn data(&self) -> &str {
        match &self.basis.common.texts {
            Texts::Plan(plan) => plan.node(self.call.node()).data(),
            Texts::Node(node) => node.data.text(&node.document),
        }
    }

    /// Reads the node's `data` into a type of the executor's own; unknown keys are for others.
    ///
    /// # Errors
    ///
    /// When `data` does not fit the type.
    pub fn settings<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data())
    }

    /// The entries to work on: those of the nodes above, for receivers, without the ones already done. For a producer
    /// whose last attempt was [`Partial`](ErrorClass::Partial), all entries of its own, the ones already done among
    /// them.
    ///
    /// Otherwise a producer is handed none, whatever stands above it: an executor that works on objects is added as a
    /// receiver. A plan warns of an own producer below nodes with objects (`plan.no-objects`).
    #[must_use]
    pub fn objects(&self) -> &[TaskObject] {
        &self.basis.objects
    }

    /// Pages or the site to work on.
    ///
    /// Pages are those that the nodes above have scanned or tested. Where there are none it is the site alone, also if
    /// it has pages: at the beginning of a flow, below conditions, and below a node that failed. The pages that the
    /// site is known to have are [`site().pages()`](Site::pages).
    ///
    /// ```
    /// use flowrun_core::{Page, Site, Task};
    ///
    /// let site = Site::new("https://example.com").with_page(Page::new("https://example.com/about"));
    /// let task = Task::detached("1", "measure", "{}", site)?;
    /// assert_eq!(task.resources().len(), 1);
    /// assert_eq!(task.resources()[0].url, "https://example.com");
    /// assert_eq!(task.site().pages()[0].page_url(), "https://example.com/about");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        self.basis.resources.as_deref().unwrap_or(&self.basis.common.site_alone)
    }

    /// Whether an earlier attempt may have had its effect already: it ended without anybody knowing.
    #[must_use]
    pub fn is_possible_duplicate(&self) -> bool {
        self.basis.possible_duplicate
    }

    /// The site the flow runs on.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.basis.common.site
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("run", &self.run())
            .field("node", &self.node())
            .field("attempt", &self.attempt())
            .field("possible_duplicate", &self.is_possible_duplicate())
            .field("objects", &self.objects())
            .field("resources", &self.resources())
            .finish_non_exhaustive()
    }
}

/// What all tasks of a run have in common. They share it, so that making one touches no text.
struct Common {
    run: RunId,
    site: Arc<Site>,
    /// The site as a resource.
    site_alone: [Resource; 1],
    texts: Texts,
}

impl fmt::Debug for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basis").field("run", &self.common.run).finish_non_exhaustive()
    }
}

/// Where the texts of a task's node stand.
pub(crate) enum Texts {
    /// In the flow, at the node's place.
    Plan(Arc<Plan>),
    /// In a text of their own: the node of a task that travelled.
    Node(NodeText),
}

/// A node's id, task type and data as places in one text.
pub(crate) struct NodeText {
    document: String,
    id: Span,
    task_type: Span,
    data: Span,
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
            document,
        })
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
///
/// ```
/// use flowrun_core::{Resource, ResourceKind, Site};
///
/// assert_eq!(Resource::site(&Site::new("https://example.com")).kind, ResourceKind::Site);
/// assert_eq!(Resource::page("p1", "https://example.com/a").kind, ResourceKind::Page);
/// ```
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
    pub fn page(id: impl Into<String>, url: impl Into<String>) -> Self {
        Self { id: id.into(), url: url.into(), kind: ResourceKind::Page }
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

    /// Failed, and why: the message becomes a line of the node's log. It will fail again
    /// ([`ErrorClass::Permanent`]), unless [`retryable`](Self::retryable) says otherwise.
    ///
    /// ```
    /// use std::time::Duration;
    /// use flowrun_core::{ErrorClass, Outcome};
    ///
    /// let Outcome::Failed(failure) = Outcome::failed("the queue is full").retry_after(Duration::from_secs(2)) else {
    ///     unreachable!()
    /// };
    /// assert_eq!((failure.class, failure.retry_after), (ErrorClass::Transient, Some(Duration::from_secs(2))));
    /// ```
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Failure { class: ErrorClass::Permanent, message: Some(message.into()), retry_after: None }.into()
    }

    /// Failed in this way, where the executor has written a line about it already.
    #[must_use]
    pub fn failed_as(class: ErrorClass) -> Self {
        Failure { class, message: None, retry_after: None }.into()
    }

    /// The same failure, for a reason that may have passed next time. Nothing else changes by it.
    #[must_use]
    pub fn retryable(self) -> Self {
        self.class(ErrorClass::Transient)
    }

    /// The same failure, which may have passed when the other side was left alone for so long. Of a class that is
    /// transient already, such as [`ErrorClass::Partial`], it stays. `None` changes nothing.
    #[must_use]
    pub fn retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        if let (Self::Failed(failure), Some(wait)) = (&mut self, wait.into()) {
            failure.retry_after = Some(wait);
            if !failure.class.is_transient() {
                failure.class = ErrorClass::Transient;
            }
        }
        self
    }

    /// The same failure of another class. Nothing else changes by it.
    #[must_use]
    pub fn class(mut self, class: ErrorClass) -> Self {
        if let Self::Failed(failure) = &mut self {
            failure.class = class;
        }
        self
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
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
///
/// ```
/// use flowrun_core::ErrorClass;
///
/// assert!(ErrorClass::Transient.is_transient() && !ErrorClass::Permanent.is_transient());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// It may work next time: refused connections, overload, rate limits.
    Transient,
    /// A part was done, and the rest may work next time. What is done stays done: another attempt of a producer goes
    /// on with the list of this one, and finds it in [`Task::objects`].
    Partial,
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
        matches!(self, Self::Transient | Self::Partial | Self::Timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_put_together_in_any_order() {
        let wait = Duration::from_secs(2);
        let failure = |outcome| match outcome {
            Outcome::Failed(failure) => (failure.class, failure.message, failure.retry_after),
            Outcome::Done | Outcome::Passed => panic!("no failure"),
        };
        let full = Outcome::failed("full").retry_after(wait);
        assert_eq!(failure(full), (ErrorClass::Transient, Some("full".to_owned()), Some(wait)));
        let partial = Outcome::failed_as(ErrorClass::Partial);
        assert_eq!(failure(partial.clone().retry_after(wait)), (ErrorClass::Partial, None, Some(wait)));
        assert_eq!(failure(partial.retry_after(None)), (ErrorClass::Partial, None, None));
        assert_eq!(failure(Outcome::failed("no").retry_after(None)).0, ErrorClass::Permanent);
        assert_eq!(Outcome::done().retryable().retry_after(wait), Outcome::Done);
    }

    #[test]
    fn a_task_travels_as_json_and_comes_back_the_same() {
        let data = r#"{"id":"1","message":"a \"b\"","unknown":1e2}"#;
        let task = Task::detached("n \"1\"", "slack", data, Site::new("https://a.example")).unwrap();
        let task = task.with_objects([TaskObject {
            entry: ObjectEntry::new("p", "s"),
            facts: Some(Facts::new(serde_json::json!({"type": "scan", "score": 90.0}))),
        }]);
        let text = serde_json::to_string(&task).unwrap();
        let back: Task = serde_json::from_str(&text).unwrap();
        assert_eq!(back.node(), "n \"1\"");
        assert_eq!(back.data(), data);
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}
