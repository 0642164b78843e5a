//! The state machine of a run: facts go in, orders come out, nothing else happens.
//!
//! [`Run::handle`] takes one [`Event`] and gives a [`Decision`]: records to write down, and commands to carry
//! out once they are written. Every change of the run goes through a record, so a run is what its journal
//! says: [`Run::replay`] with the lines of a journal, in order, gives the same run.
//!
//! How a node moves:
//!
//! | From | Event | To | What follows |
//! | --- | --- | --- | --- |
//! | queued | every edge in is decided, one taken | working | its executor is called |
//! | queued | the same, the run is paused or at its limit | due | nothing, until its turn comes |
//! | queued, due | the same, the host gives out slots | asking | a slot is asked for |
//! | working, waiting, due | a last chance after crashes is to start | asking | a slot is asked for, of which the host gives one at a time |
//! | queued | the same, a receiver without objects | passed | its children, without a call |
//! | queued | the same, an empty node | reached | its edges die |
//! | queued | every edge in is dead | skipped | its edges die |
//! | due | its turn comes | working, asking | its executor is called, or a slot asked for |
//! | asking | the slot is granted | working, due | its executor is called, or the run was paused meanwhile |
//! | working | reports | working | entries merge, lines are kept |
//! | working | its executor returns, or is stopped | passed, failed | its conditions are judged, its edges decided |
//! | working | the attempt fails for a passing reason, attempts are left | waiting | a timer |
//! | working | a report is over a limit | failed | the executor is told to stop |
//! | working | the attempt's deadline passes | waiting, failed | the executor is told to stop |
//! | working | the process ends, another one goes on | working, waiting, failed | by effect class and `on_unknown` |
//! | working | whether the effect happened is not known, `on_unknown` is `pause` | waiting | nothing, until a person resumes |
//! | waiting | the timer fires, a person resumes | working, due, asking | as from queued |
//! | waiting, and due or asking again | the run stops | failed | nothing |
//! | due, asking for the first time | the run stops | queued | the slot is given back |
//! | working, waiting, and due or asking again | the time of the node is over | failed | the executor is told to stop |
//! | working, waiting, passed, failed | anything from another attempt | the same | a line is kept, the rest is noted as late |
//! | queued, reached, skipped | entries, an end, a timer | the same | refused: nothing was ever started; a line is kept |
//! | any | the run is over and done once more | queued | what is due starts with the next visit |
//!
//! The run closes when nothing works or waits.

mod advance;
mod apply;
mod attempt;
mod clocks;
mod detour;
mod entries;
mod entry_list;
mod event;
mod excess;
mod explain;
mod pause;
mod policy;
mod recover;
mod render;
mod replay;
mod report;
mod rerun;
mod retry;
mod size;
mod skipped;
mod spec;
mod standing;
mod state;
mod stop;
#[cfg(test)]
mod tests;
mod turns;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use crate::model::{Attempt, Call, Facts, NodeIx, NodeStatus, ObjectEntry, RunId, RunStatus, Timestamp};
use crate::plan::Plan;
use crate::task::{Basis, Texts};
use clocks::Clocks;
use detour::Detours;
pub use event::{Command, Decision, Event, Record, RejectedError, Rerun, Timer};
use excess::Excess;
pub use explain::{
    AttemptEnd, AttemptExplanation, EdgeExplanation, EdgeReason, ExplainedState, Explainer, Explanation,
    JudgedComparison, JudgedObject, NodeExplanation, ObjectRecord, Reason, RunExplanation, Stop,
};
pub use policy::{RetryPolicy, RunPolicy};
pub use replay::ReplayError;
pub use size::ReportSizeError;
pub use skipped::Skipped;
pub use spec::{DEFAULT_CONFIGS, RunSpec};
pub use standing::RunState;
pub(crate) use state::{Nodes, State};
use turns::Turns;

/// One run of a plan.
///
/// It is driven by whoever owns it: the tokio driver, a simulator, a distributed back end. The same events in
/// the same order lead to the same decisions, byte for byte; time comes in as an argument.
///
/// ```
/// use std::sync::Arc;
/// use flowrun_core::{
///     Event, Flow, NodeSpec, Outcome, Plan, Run, RunId, RunSpec, RunStatus, Site, TaskTypes, Timestamp,
/// };
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented())?;
/// let now = Timestamp::from_micros(0);
/// let spec = RunSpec::new(RunId::from_bytes([7; 16]), now, Site::new("https://example.com"));
/// let mut run = Run::new(Arc::new(plan), spec);
///
/// let decision = run.handle(now, Event::Started)?;
/// let call = decision.calls[0];
/// run.handle(now, Event::AttemptEnded { node: call.node(), attempt: call.attempt(), outcome: Outcome::Passed })?;
/// assert_eq!(run.status(), RunStatus::Passed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    spec: Arc<RunSpec>,
    end_on_fail: bool,
    phase: Phase,
    nodes: Nodes,
    /// What is known of each object, by `source_id`. Only looked up, never walked.
    facts: HashMap<Box<str>, Facts>,
    /// What is remembered of nodes that did not go straight.
    detours: Detours,
    /// What came past the limits of nodes.
    excess: Excess,
    /// The nodes that could start and have to wait for their turn.
    turns: Turns,
    /// The nodes whose last edge was decided by the record before: they can start, or are passed over.
    released: Vec<NodeIx>,
    /// Those that are to be looked at. Empty between two events.
    queue: Vec<NodeIx>,
    is_paused: bool,
    /// Whether slots are asked for: of every attempt, or for a last chance so far.
    uses_slots: bool,
    /// Whether the attempts that are lost with the process before count towards no limit.
    was_let_go: bool,
    /// Nodes that have started and are not done.
    open_nodes: u32,
    /// Those of them that are not at work.
    waiting_nodes: u32,
    any_failed: bool,
    last_finalized: Option<NodeIx>,
    /// When it began, or began once more.
    began: Timestamp,
    clocks: Clocks,
    completed: Option<Timestamp>,
    /// Counts lines of the log and starts of nodes, to sort the log by.
    next_seq: u32,
    /// What a task without entries is made of.
    basis: Arc<Basis>,
    records: Vec<Record>,
    /// How many bytes of entries and comparisons the decision has room for.
    room: usize,
    calls: Vec<Call>,
    commands: Vec<Command>,
}

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has happened yet.
    New,
    /// Nodes may start.
    Open,
    /// A node failed and ends the run: nothing new starts, what works may finish.
    Failing,
    /// Somebody cancelled: nothing new starts, what works is told to stop.
    Cancelling,
    /// The run's deadline passed: as above.
    TimingOut,
    /// Closed.
    Over(RunStatus),
}

impl Run {
    /// How many attempts a driver calls before it looks which of them have ended. Their ends are then decided
    /// together, with [`handle_all`](Self::handle_all): they share one time and one transaction. Drivers that
    /// keep to it, the simulator among them, leave the same journal.
    pub const AT_ONCE: usize = 64;

    /// A run that has not started: its first event is [`Event::Started`].
    #[must_use]
    pub fn new(plan: Arc<Plan>, spec: RunSpec) -> Self {
        Self {
            end_on_fail: spec.end_on_fail(),
            phase: Phase::New,
            nodes: Nodes::new(&plan),
            facts: HashMap::new(),
            detours: Detours::default(),
            excess: Excess::default(),
            turns: Turns::default(),
            released: Vec::new(),
            queue: Vec::new(),
            is_paused: false,
            uses_slots: spec.policy.slots,
            was_let_go: false,
            open_nodes: 0,
            waiting_nodes: 0,
            any_failed: false,
            last_finalized: None,
            began: Timestamp::default(),
            clocks: Clocks::default(),
            completed: None,
            next_seq: 0,
            basis: Arc::new(Basis::new(spec.id, Arc::clone(&spec.site), Texts::Plan(Arc::clone(&plan)))),
            records: Vec::new(),
            room: 0,
            calls: Vec::new(),
            commands: Vec::new(),
            spec: Arc::new(spec),
            plan,
        }
    }

    /// Decides what one event means: what to write down, and what to do once it is written.
    ///
    /// # Errors
    ///
    /// Returns [`RejectedError`] when the event cannot follow the ones before it. The run is then exactly as it
    /// was, so the caller may log the event and carry on.
    pub fn handle(&mut self, at: Timestamp, event: Event) -> Result<Decision<'_>, RejectedError> {
        self.admits(&event)?;
        self.begin_decision();
        self.decide(at, event);
        Ok(self.decision())
    }

    /// Decides what several events mean that happened at one time, in their order, as one decision. An event
    /// that cannot follow the ones before it changes nothing and is told to `rejected`.
    #[inline]
    pub fn handle_all(
        &mut self,
        at: Timestamp,
        events: impl IntoIterator<Item = Event>,
        mut rejected: impl FnMut(RejectedError),
    ) -> Decision<'_> {
        self.begin_decision();
        for event in events {
            match self.admits(&event) {
                Ok(()) => self.decide(at, event),
                Err(reason) => rejected(reason),
            }
        }
        self.decision()
    }

    /// Forgets the decision before.
    fn begin_decision(&mut self) {
        self.records.clear();
        self.room = self.spec.policy.max_decision_bytes;
        self.calls.clear();
        self.commands.clear();
    }

    fn decision(&mut self) -> Decision<'_> {
        Decision { records: &mut self.records, calls: &mut self.calls, commands: &self.commands }
    }

    /// Decides an event that is admitted.
    #[inline]
    fn decide(&mut self, at: Timestamp, event: Event) {
        if self.spec.policy.run_timeout.is_some() && self.ends_before(at, &event) {
            return;
        }
        // Most events are this one, which needs less of the stack than all of them.
        if let Event::AttemptEnded { node, attempt, outcome } = event {
            self.on_attempt_ended(at, node, attempt, outcome);
        } else {
            self.decide_other(at, event);
        }
        if self.turns.has_due() {
            self.start_due(at);
        }
    }

    /// Stops a run whose time is over, whatever tells of the time; whether nothing of it is left for the event. A
    /// process that was frozen past the deadline may hear of an answer first, and must not start anything for it.
    fn ends_before(&mut self, at: Timestamp, event: &Event) -> bool {
        // A process that takes the run over records that before anything else.
        if matches!(event, Event::Recovered { .. } | Event::TakenOver { .. }) || !self.is_overdue(at) {
            return false;
        }
        self.stop(at, Record::RunTimedOut);
        self.is_over()
    }

    fn decide_other(&mut self, at: Timestamp, event: Event) {
        match event {
            Event::Started => self.on_started(at),
            Event::Reported { node, attempt, report } => self.on_reported(at, node, attempt, report),
            Event::AttemptEnded { node, attempt, outcome } => {
                self.on_attempt_ended(at, node, attempt, outcome);
            }
            Event::AttemptStopped { node, attempt } => self.on_attempt_stopped(at, node, attempt),
            Event::LimitBroken { node, attempt, limit } => self.on_limit_broken(at, node, attempt, &limit),
            Event::TimerFired(timer) => self.on_timer(at, timer),
            Event::SlotGranted { node, attempt } => self.on_slot_granted(at, node, attempt),
            Event::CancelRequested => self.on_cancel(at),
            Event::PauseRequested => self.on_pause(at),
            Event::ResumeRequested => self.on_resume(at),
            Event::RerunRequested(what) => self.on_rerun(at, &what),
            Event::Recovered { epoch } => self.on_recovered(at, epoch, false),
            Event::TakenOver { epoch } => self.on_recovered(at, epoch, true),
        }
    }

    /// Whether the event can follow the ones before it. Changes nothing.
    ///
    /// # Errors
    ///
    /// Returns [`RejectedError`] as [`handle`](Self::handle) would.
    #[inline]
    pub fn admits(&self, event: &Event) -> Result<(), RejectedError> {
        // Nearly every event ends an attempt that is at work. Then the run has begun and is not over: it closes only
        // when nothing works.
        if let Event::AttemptEnded { node, attempt, .. } = *event
            && self.nodes.get(node) == Some(State::Working(attempt))
        {
            return Ok(());
        }
        self.admits_other(event)
    }

    fn admits_other(&self, event: &Event) -> Result<(), RejectedError> {
        match (self.phase, event) {
            (Phase::New, Event::Started) => return Ok(()),
            (Phase::New, _) => return Err(RejectedError::NotStarted),
            (Phase::Over(_), Event::RerunRequested(what)) => return self.admit_rerun(what),
            (_, Event::RerunRequested(_)) => return Err(RejectedError::NotOver),
            (Phase::Over(_), _) => return Err(RejectedError::RunIsOver),
            (_, Event::Started) => return Err(RejectedError::AlreadyStarted),
            (Phase::Open | Phase::Failing | Phase::Cancelling | Phase::TimingOut, _) => {}
        }
        match *event {
            Event::Reported { node, report: crate::Report::Log(_), .. } | Event::SlotGranted { node, .. } => {
                self.known(node)
            }
            Event::Reported { node, .. }
            | Event::AttemptEnded { node, .. }
            | Event::AttemptStopped { node, .. }
            | Event::LimitBroken { node, .. }
            | Event::TimerFired(
                Timer::Attempt { node, .. } | Timer::Retry { node, .. } | Timer::Node { node, .. },
            ) => {
                self.known(node)?;
                let has_started = self.nodes.state(node).has_started();
                if has_started { Ok(()) } else { Err(RejectedError::NeverStarted(node)) }
            }
            Event::TimerFired(Timer::Run)
            | Event::CancelRequested
            | Event::PauseRequested
            | Event::ResumeRequested
            | Event::RerunRequested(_)
            | Event::Recovered { .. }
            | Event::TakenOver { .. }
            | Event::Started => Ok(()),
        }
    }

    fn known(&self, node: NodeIx) -> Result<(), RejectedError> {
        if node.index() < self.nodes.len() { Ok(()) } else { Err(RejectedError::UnknownNode(node)) }
    }

    /// Changes the run as the record says and keeps the record for the decision.
    ///
    /// Inlined, and so is the change: where the record is made it is known which one it is. Everything on the way of
    /// an ordinary node is: saving and restoring registers costs more than most of these functions do.
    #[inline(always)]
    fn put(&mut self, at: Timestamp, record: Record) {
        if self.uses_slots {
            return self.put_with_slots(at, record);
        }
        self.change(at, &record);
        self.records.push(record);
    }

    /// The same for a record that owns nothing, so that it is as easily made twice: first to be followed, then where it
    /// is kept. Copying it there makes the processor wait for its parts, which have just been written.
    #[inline(always)]
    fn put_made(&mut self, at: Timestamp, make: impl Fn() -> Record) {
        if self.uses_slots {
            return self.put_with_slots(at, make());
        }
        let followed = make();
        self.change(at, &followed);
        // Dropping it would be a call, to find out that there is nothing to drop.
        std::mem::forget(followed);
        self.records.extend(std::iter::once_with(make));
    }

    /// The same where slots are asked for, away from the path of runs that ask for none.
    #[inline(never)]
    fn put_with_slots(&mut self, at: Timestamp, record: Record) {
        let slots = self.slots_at_stake(record.node(), record.ends_others());
        self.change(at, &record);
        self.records.push(record);
        self.give_up_slots(slots);
    }

    /// Whether new nodes may start.
    fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.spec.id
    }

    /// The plan it runs.
    #[must_use]
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What it was created from.
    #[must_use]
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// How the run stands.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        match self.phase {
            Phase::Over(status) => status,
            Phase::New | Phase::Open | Phase::Failing | Phase::Cancelling | Phase::TimingOut => {
                RunStatus::Working
            }
        }
    }

    /// Whether the run is closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status().is_over()
    }

    /// Whether the run was stopped by its own deadline.
    #[must_use]
    pub fn has_timed_out(&self) -> bool {
        self.nodes.timed_out
    }

    /// When the run closed.
    #[must_use]
    pub const fn completed(&self) -> Option<Timestamp> {
        self.completed
    }

    /// The status of a node as the wire shows it.
    #[must_use]
    pub fn node_status(&self, node: NodeIx) -> NodeStatus {
        match self.nodes.state(node) {
            State::Queued { .. } | State::Skipped | State::Reached { .. } => NodeStatus::Queued,
            // Those that wait for their turn show as what they were before.
            state @ (State::Due(_) | State::Asking(_)) if !state.has_started() => NodeStatus::Queued,
            State::Working(_) | State::Waiting(_) | State::Due(_) | State::Asking(_) => NodeStatus::Working,
            State::Passed { .. } => NodeStatus::Passed,
            State::Failed { .. } => NodeStatus::Failed,
        }
    }

    /// The entries of a node.
    #[must_use]
    pub fn objects(&self, node: NodeIx) -> &[ObjectEntry] {
        self.nodes.detail(node).map_or(&[], |detail| detail.objects.as_slice())
    }

    /// The attempts at work, in the order of the nodes.
    pub fn working(&self) -> impl Iterator<Item = (NodeIx, Attempt)> {
        self.plan.node_ixs().filter_map(|node| match self.nodes.state(node) {
            State::Working(attempt) => Some((node, attempt)),
            State::Queued { .. }
            | State::Waiting(_)
            | State::Due(_)
            | State::Asking(_)
            | State::Passed { .. }
            | State::Failed { .. }
            | State::Skipped
            | State::Reached { .. } => None,
        })
    }

    /// The facts of the object an entry stands for. The run itself is an object too: the one a receiver works
    /// on that has nothing above it.
    fn facts_of(&self, entry: &ObjectEntry) -> Option<Facts> {
        let id = entry.fact_id()?;
        if let Some(facts) = self.facts.get(id) {
            return Some(facts.clone());
        }
        self.spec.id.is_written(id).then(|| self.own_facts())
    }

    fn own_facts(&self) -> Facts {
        let (flow, site) = (self.plan.flow(), &self.spec.site);
        Facts::new(json!({
            "type": "flowrun",
            "id": self.spec.id.to_string(),
            "title": flow.title(),
            "status": self.status(),
            "flow": flow.id().map(|id| json!({"id": id})),
            "site": {"id": site.id(), "site_url": site.site_url()},
        }))
    }
}
