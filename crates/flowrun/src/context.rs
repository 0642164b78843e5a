//! What an executor sees of the run it works for.

use std::fmt;
use std::sync::Arc;

use flowrun_core::{
    Attempt, Call, Event, Facts, Flow, NodeIx, NodeSpec, ObjectEntry, ObjectReport, Place, Plan, RenderError,
    RenderOptions, Report, RunId, RunPolicy, SecretSource, Task, TaskObject, TaskTypes, Timestamp,
};

use crate::Clock;
use crate::clock::SystemClock;
use crate::intake::Intake;
use crate::redact::Redactor;
use crate::reports::{Reports, Room, dropped_line};
use crate::secrets::Known;
use crate::stops::Stops;

/// What all attempts of one run share.
pub(crate) struct RunShared {
    pub(crate) run: RunId,
    pub(crate) plan: Arc<Plan>,
    /// The store's id: it makes keys unguessable.
    pub(crate) store_id: [u8; 16],
    pub(crate) reports: Reports,
    pub(crate) secrets: Known,
    /// In the reading that the run began with.
    pub(crate) rendering: RenderOptions,
    pub(crate) intake: Intake,
    pub(crate) stops: Arc<Stops>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The run, as one attempt sees it: where it reports to, and what it may ask.
///
/// Cloning is cheap, and a clone may move to another task.
///
/// ```
/// use std::sync::Arc;
/// use flowrun::{DetachedRun, NoSecrets, ObjectEntry, Site, Task};
///
/// let task = Task::detached("1", "greet", "{}", Site::new("https://example.com"))?;
/// let mut run = DetachedRun::new(&task, Arc::new(NoSecrets));
/// let context = run.context();
/// context.log("hello");
/// context.report_object(ObjectEntry::new("page", "1"), None);
/// assert_eq!(context.idempotency_key(&ObjectEntry::new("page", "1")).len(), 52);
/// assert_eq!(run.reports().len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Context {
    /// Two words with what follows, which travel in registers: every context is moved into a future.
    within: Arc<Within>,
    call: Call,
}

/// What an attempt works within. All attempts of a run without a deadline share one.
pub(crate) struct Within {
    run: Arc<RunShared>,
    deadline: Option<Timestamp>,
}

impl Within {
    pub(crate) const fn new(run: Arc<RunShared>, deadline: Option<Timestamp>) -> Self {
        Self { run, deadline }
    }
}

impl Context {
    pub(crate) const fn new(within: Arc<Within>, call: Call) -> Self {
        Self { within, call }
    }

    fn shared(&self) -> &RunShared {
        &self.within.run
    }

    fn detached(task: &Task, secrets: Known, intake: Intake, room: Room) -> Self {
        let task_type = task.task_type();
        let types = TaskTypes::documented().with(&*task_type, flowrun_core::Role::Receiver);
        let flow = Flow::builder().node(NodeSpec::new(task.node(), &*task_type)).build();
        let plan = Plan::new(&flow.expect("one node is within every limit"), &types);
        let shared = RunShared {
            run: task.run(),
            plan: Arc::new(plan.expect("a single node of a known type is a plan")),
            store_id: [0; 16],
            reports: Reports::new(room),
            intake,
            secrets,
            rendering: RenderOptions::default(),
            stops: Arc::default(),
            clock: Arc::new(SystemClock::new()),
        };
        let within = Within::new(Arc::new(shared), None);
        Self::new(Arc::new(within), Call::new(NodeIx::new(0), task.attempt()))
    }

    /// Reports something. It is written to the run's journal before anything follows from it; a report of an
    /// attempt that is no longer at work is kept as late and changes nothing. Values of secrets are taken out.
    ///
    /// A report never waits, so what waits to be written has its limits, which the run's [`RunPolicy`] sets. Log lines
    /// over `max_report_bytes` are dropped, and one line tells how many. Of objects nothing is dropped: over
    /// `max_decision_bytes`, or with a report that is larger than it may be, the attempt is over and its node fails
    /// with a line that says so. [`flush`](Self::flush) waits until there is room again.
    pub fn report(&self, report: Report) {
        let RunShared { intake, reports, .. } = self.shared();
        intake.report(reports, (self.call.node(), self.attempt()), report);
    }

    /// Waits until what was reported is on its way to the journal. An executor that has very much to tell calls it
    /// now and then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, nothing else.
    pub async fn flush(&self) {
        self.shared().reports.flush((self.call.node(), self.attempt())).await;
    }

    /// Adds a line to the node's log: one line, whatever it holds. Line breaks become spaces, other control characters
    /// are escaped, and what is over `max_line_bytes` is cut.
    pub fn log(&self, line: impl Into<String>) {
        self.report(Report::Log(line.into()));
    }

    /// Takes the values of secrets out of a text. Lines and facts lose them anyway; this is for a text that is
    /// shortened first, since half a secret can no longer be told from other text.
    #[must_use]
    pub fn redacted(&self, text: impl Into<String>) -> String {
        self.shared().intake.redactor().text(text)
    }

    /// Reports one entry as it now stands, with the facts of its object when there are any to tell.
    pub fn report_object(&self, entry: ObjectEntry, facts: Option<Facts>) {
        self.report_objects(vec![ObjectReport { entry, facts }]);
    }

    /// Reports several entries at once. Register all entries before the first of them can be done.
    pub fn report_objects(&self, objects: Vec<ObjectReport>) {
        self.report(Report::Objects(objects));
    }

    /// The run's id.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.shared().run
    }

    /// Which call of the executor in this visit this is.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.call.attempt()
    }

    /// When the attempt will be stopped; `None` when it may take as long as it likes.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.within.deadline
    }

    /// Whether the attempt has been told to stop, or is about to be: its deadline has passed, or somebody asked for
    /// the run to be cancelled. It can be asked in a loop that never awaits anything, and keeps nobody waiting.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let RunShared { stops, clock, .. } = self.shared();
        stops.is_stopped(self.call.node(), self.attempt())
            || stops.soonest(self.call.node(), self.deadline()).is_some_and(|at| clock.now() >= at)
    }

    /// Resolves when the attempt is told to stop: by a cancel, by its deadline, or because the engine shuts
    /// down. After a grace period its future is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, nothing else.
    pub async fn cancelled(&self) {
        self.shared().stops.changed(|| self.is_cancelled()).await;
    }

    /// The idempotency key of the effect on one object: 52 characters, safe in a header, the same in every
    /// attempt of this visit and not to be guessed from the ids.
    #[must_use]
    pub fn idempotency_key(&self, object: &ObjectEntry) -> String {
        // The visit, not the attempt: a new attempt is to have the same effect, a new visit another one.
        let visit = self.attempt().visit().to_string();
        // As it is recorded: the next attempt knows no other.
        let id = self.redacted(object.track_id.as_deref().or(object.fact_id()).unwrap_or_default());
        let node = self.shared().plan.node_id(self.call.node());
        let mut hasher = blake3::Hasher::new();
        let parts = [
            &self.shared().store_id[..],
            self.shared().run.as_bytes(),
            node.as_bytes(),
            visit.as_bytes(),
            id.as_bytes(),
        ];
        for part in parts {
            // The length first, so that no two lists of parts read the same.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        data_encoding::BASE32_NOPAD.encode(hasher.finalize().as_bytes())
    }

    /// Fills in the `{{keys}}` of a text: secrets first, then what is known of the object. A key that cannot
    /// be filled in stays as typed, with a line in the log. The result may hold secrets.
    ///
    /// # Errors
    ///
    /// [`RenderError`] when the text would be longer than
    /// [`EngineBuilder::max_template_bytes`](crate::EngineBuilder::max_template_bytes) allows: the executor is to
    /// fail then, before it sends anything.
    pub fn render(
        &self,
        template: &str,
        place: Place,
        object: Option<&TaskObject>,
    ) -> Result<String, RenderError> {
        let facts = object.and_then(|object| object.facts.as_ref());
        let RunShared { rendering, secrets, .. } = self.shared();
        let rendered = rendering.render(template, place, facts, secrets.source())?;
        for warning in &rendered.warnings {
            self.log(format!("template: {warning}"));
        }
        Ok(rendered.text)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("run", &self.shared().run)
            .field("node", &self.shared().plan.node_id(self.call.node()))
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// A stand-in for a run, for trying an executor on its own: it gives the context and keeps the reports.
///
/// ```
/// use std::sync::Arc;
/// use flowrun::{DetachedRun, NoSecrets, Report, Site, Task};
///
/// let task = Task::detached("1", "greet", "{}", Site::new("https://example.com"))?;
/// let mut run = DetachedRun::new(&task, Arc::new(NoSecrets));
/// run.context().log("hello");
/// assert!(matches!(&run.reports()[..], [Report::Log(line)] if line == "hello"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct DetachedRun {
    context: Context,
}

impl DetachedRun {
    /// A stand-in for the run of this task.
    ///
    /// # Panics
    ///
    /// When the task has an empty node id or task type.
    #[must_use]
    pub fn new(task: &Task, secrets: Arc<dyn SecretSource>) -> Self {
        let secrets = Known::of(&*secrets);
        let redactor = secrets.redactor();
        Self::of(task, secrets, redactor, RunPolicy::default())
    }

    /// The same, but it keeps what was reported as the executor said it: neither are secrets taken out nor limits
    /// looked at. For checks of what an executor would tell if nobody stood behind it.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    pub fn raw(task: &Task, secrets: Arc<dyn SecretSource>) -> Self {
        let limits = RunPolicy::default().max_line_bytes(usize::MAX).max_facts_bytes(usize::MAX);
        let limits = limits.max_report_bytes(usize::MAX).max_decision_bytes(usize::MAX);
        Self::of(task, Known::of(&*secrets), Redactor::default(), limits)
    }

    fn of(task: &Task, secrets: Known, redactor: Redactor, limits: RunPolicy) -> Self {
        let room = Intake::room(&limits);
        Self { context: Context::detached(task, secrets, Intake::new(redactor, limits), room) }
    }

    /// The context to call the executor with.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// What was reported since the last call, in order. Where a limit was passed, a last line tells it.
    pub fn reports(&mut self) -> Vec<Report> {
        let reports = &self.context.shared().reports;
        let said = reports.take(usize::MAX, usize::MAX).into_iter().map(|said| match said.into() {
            Event::Reported { report, .. } => report,
            Event::LimitBroken { limit, .. } => Report::Log(format!("stopped: {limit}")),
            other => unreachable!("nobody says {other:?}"),
        });
        let said: Vec<_> = said.collect();
        let dropped = reports.take_dropped().into_iter().map(|(_, lines)| Report::Log(dropped_line(lines)));
        said.into_iter().chain(dropped).collect()
    }

    /// Tells the executor to stop.
    pub fn cancel(&self) {
        self.context.shared().stops.stop_all();
    }
}
