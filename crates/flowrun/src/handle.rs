//! A run from outside: its status, its events, its end.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use flowrun_core::{FlowRun, Plan, Record, RunId, RunState, RunStatus, Timestamp, fit_line};
use flowrun_store::{JournalLine, JournalReader, StoreError};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::progress::{Progress, Request, RunError, Snapshot};
use crate::stops::Stops;

/// A started run. Dropping the handle does not stop the run; clones speak of the same run.
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, RunState, RunStatus, Site};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// assert_eq!(run.wait().await?, RunStatus::Passed);
/// assert_eq!((run.state(), run.result().await?.logs().len()), (RunState::Passed, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunHandle {
    pub(crate) id: RunId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) stops: Arc<Stops>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) reader: Arc<dyn JournalReader>,
}

impl RunHandle {
    /// The run's id.
    #[must_use]
    pub const fn id(&self) -> RunId {
        self.id
    }

    /// The plan it runs.
    #[must_use]
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How the run stands.
    #[must_use]
    pub fn state(&self) -> RunState {
        self.progress.state()
    }

    /// Whether the run was stopped by its own deadline.
    #[must_use]
    pub fn has_timed_out(&self) -> bool {
        matches!(self.progress.end(), Some(Ok(run)) if run.has_timed_out())
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    ///
    /// [`RunError`] when the run did not end: its journal could not be written, or the engine was shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the run; call it again to wait on.
    pub async fn result(&self) -> Result<FlowRun, RunError> {
        self.progress.wait_for_end().await.clone().map(|run| run.to_flow_run())
    }

    /// Waits for the end of the run and gives its status. Cheaper than [`result`](Self::result), which puts
    /// the whole run in writing.
    ///
    /// # Errors
    ///
    /// As [`result`](Self::result).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the run; call it again to wait on.
    pub async fn wait(&self) -> Result<RunStatus, RunError> {
        self.progress.wait_for_end().await.clone().map(|run| run.status())
    }

    /// The run as it stands, after the last decision that is written down.
    ///
    /// # Errors
    ///
    /// As [`result`](Self::result).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn snapshot(&self) -> Result<Snapshot, RunError> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Request::Snapshot(reply)).await.is_ok()
            && let Ok(run) = answer.await
        {
            return Ok(run);
        }
        // The driver was done before it came to the question.
        self.progress.wait_for_end().await.clone().map(|run| Snapshot::of(&run))
    }

    /// Asks for the run to be cancelled: nothing new starts, what works is told to stop. Returns at once;
    /// [`result`](Self::result) waits for the end. A run that is over stays as it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not be cancelled.
    pub async fn cancel(&self) {
        // First, for an executor that keeps the driver busy and looks at it.
        self.stops.ask_to_cancel();
        // No driver, no run to cancel.
        let _ = self.requests.send(Request::Cancel).await;
    }

    /// Asks for nothing new to start; what works may finish, and [`wait_until_at_rest`](Self::wait_until_at_rest) waits for that.
    /// Returns once this is decided. A paused run stays paused in the next process too.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not be paused.
    pub async fn pause(&self) {
        self.ask(Request::Pause).await;
    }

    /// Asks for a paused run to go on, and for nodes that wait for a person to be tried again. Returns once this
    /// is decided.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not go on.
    pub async fn resume(&self) {
        self.ask(Request::Resume).await;
    }

    /// Asks for something and waits until it is decided. Without a driver there is nothing to decide.
    async fn ask(&self, request: impl FnOnce(oneshot::Sender<()>) -> Request) {
        let (decided, answer) = oneshot::channel();
        if self.requests.send(request(decided)).await.is_ok() {
            let _ = answer.await;
        }
    }

    /// Waits until the run stands otherwise than `known`, and says how. Of states that follow each other quickly some
    /// may be passed over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; call it again to wait on.
    pub async fn wait_for_change(&self, known: RunState) -> RunState {
        let progress = &self.progress;
        progress.until(|| Some(progress.state()).filter(|state| *state != known)).await
    }

    /// Waits until the run is over, or goes on only when a person asks for it: nothing is at work, and what could
    /// follow is paused, or held because nobody can know whether it had its effect.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; call it again to wait on.
    pub async fn wait_until_at_rest(&self) {
        let progress = &self.progress;
        progress.until(|| (progress.end().is_some() || progress.state().is_at_rest()).then_some(())).await;
    }

    /// The events of the run from its beginning, as far as its store still has them, then as they come.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events_after(0)
    }

    /// The events after the one numbered `seq`.
    #[must_use]
    pub fn events_after(&self, seq: u64) -> Events {
        Events { handle: self.clone(), seq, ready: VecDeque::new(), page: PAGE, ends_at_rest: false }
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("id", &self.id)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// What somebody who watches a run sees next. Its text is one line for people.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunUpdate {
    /// Something was decided.
    Event(RunEvent),
    /// The watcher was slower than the store's memory: so many events are gone.
    Lagged(u64),
}

/// One line of a run's journal, with the id of its node.
///
/// Its text is one line for people, such as `[1 scan] started, attempt 2`. Whoever watches a run need not be told
/// everything: [`Record::is_news`] tells what is worth it.
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, RunUpdate, Site};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = |_: &_, context: &flowrun::Context| {
///     context.log("hello");
///     Outcome::done()
/// };
/// let engine = Engine::builder().function("greet", greet).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// let (mut events, mut told) = (run.events(), Vec::new());
/// while let Some(update) = events.next().await? {
///     match update {
///         RunUpdate::Event(event) if !event.record.is_news() => {}
///         worth_telling => told.push(worth_telling.to_string()),
///     }
/// }
/// assert_eq!(told, ["[1 greet] started", "[1 greet] hello", "[1 greet] passed", "run passed"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunEvent {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Id of the node it is about, if it is about one.
    pub node: Option<String>,
    /// The task type of that node, unless it is empty.
    #[serde(default)]
    pub task_type: Option<String>,
    /// What was decided.
    pub record: Record,
}

impl RunEvent {
    /// The event that a line of the journal of a run of this plan tells of.
    #[must_use]
    pub fn new(plan: &Plan, line: JournalLine) -> Self {
        let JournalLine { seq, at, record } = line;
        let node = record.node().map(|node| plan.node(node));
        let task_type = node.map(|node| node.task_type()).filter(|task_type| !task_type.is_empty());
        let task_type = task_type.map(Cow::into_owned);
        Self { seq, at, node: node.map(|node| node.id().into_owned()), task_type, record }
    }
}

impl fmt::Display for RunUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Lagged(1) => f.write_str("1 event went by too fast to be shown"),
            Self::Lagged(count) => write!(f, "{count} events went by too fast to be shown"),
        }
    }
}

impl fmt::Display for RunEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |text| fit_line(text, NAME_BYTES);
        match (self.node.as_deref(), self.task_type.as_deref()) {
            (Some(node), Some(task_type)) => write!(f, "[{} {}] ", name(node), name(task_type))?,
            (Some(node), None) => write!(f, "[{}] ", name(node))?,
            (None, _) => {}
        }
        self.record.fmt(f)
    }
}

/// So many bytes of an id or a task type are shown.
const NAME_BYTES: usize = 200;

/// The events of a run, in order. Ends with the run.
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, RunUpdate, Site};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// let (mut events, mut seen) = (run.events(), Vec::new());
/// while let Some(RunUpdate::Event(event)) = events.next().await? {
///     seen.push(event.seq);
/// }
/// assert_eq!(seen, [1, 2, 3, 4]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    handle: RunHandle,
    /// Number of the last event that was read.
    seq: u64,
    ready: VecDeque<RunUpdate>,
    /// Lines read from the store at a time.
    page: usize,
    ends_at_rest: bool,
}

/// Lines read from the store at a time, unless it is said otherwise.
const PAGE: usize = 256;

impl Events {
    /// Sets how many events are read from the store at a time, and held until they are asked for: at least 1. Default:
    /// 256. Fewer cost more reading, more cost more memory for each watcher.
    #[must_use]
    pub const fn read_ahead(mut self, events: usize) -> Self {
        self.page = if events == 0 { 1 } else { events };
        self
    }

    /// Ends also where the run comes to [rest](RunHandle::wait_until_at_rest), once everything before that was told. Waiting
    /// for the rest and for events side by side would not do: the last events may still be on their way from the
    /// store when the rest is told.
    #[must_use]
    pub const fn until_rest(mut self) -> Self {
        self.ends_at_rest = true;
        self
    }

    /// The next event; `None` when the run is over and all were read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the journal cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: call it again to go on.
    pub async fn next(&mut self) -> Result<Option<RunUpdate>, StoreError> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Ok(Some(next));
            }
            let progress = Arc::clone(&self.handle.progress);
            let ends_at_rest = self.ends_at_rest;
            let is_done = || progress.end().is_some() || (ends_at_rest && progress.state().is_at_rest());
            // Before the reading, so that nothing committed meanwhile, or before the end, is missed: what is
            // committed is told before the end or the rest that comes of it.
            let (told, was_done) = (progress.told(), is_done());
            self.read().await?;
            if self.ready.is_empty() {
                if was_done {
                    return Ok(None);
                }
                let has_changed = || progress.told() != told || is_done();
                progress.until(|| has_changed().then_some(())).await;
            }
        }
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<RunUpdate, StoreError>> + Send {
        futures::stream::try_unfold(self, async |mut events| {
            Ok(events.next().await?.map(|next| (next, events)))
        })
    }

    /// Reads the next lines, on a thread that may block if the store's reader may.
    async fn read(&mut self) -> Result<(), StoreError> {
        let (reader, after, most) = (Arc::clone(&self.handle.reader), self.seq, self.page);
        let page = match tokio::runtime::Handle::try_current() {
            Ok(runtime) if reader.may_block() => {
                let read = runtime.spawn_blocking(move || reader.read(after, most)).await;
                // A reader that panicked panics here, as it would have without the other thread.
                read.map_err(|error| match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(error) => {
                        StoreError::Unreadable { action: "read the journal", source: Arc::new(error) }
                    }
                })??
            }
            Ok(_) | Err(_) => reader.read(after, most)?,
        };
        if page.missed > 0 {
            self.seq += page.missed;
            self.ready.push_back(RunUpdate::Lagged(page.missed));
        }
        for line in page.lines {
            self.seq = line.seq;
            self.ready.push_back(RunUpdate::Event(RunEvent::new(&self.handle.plan, line)));
        }
        Ok(())
    }
}
