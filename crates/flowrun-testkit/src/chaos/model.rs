//! What a run has to do, worked out the slow way from the rules of flows: after every event each node is looked
//! at anew. It shares nothing with the machine it judges but the words that events are told in.
//!
//! *When* a node starts that may start is a matter of turns, slots and pauses, and not judged here: the model is
//! told, and says whether it may. That everything starts in the end shows by the run ending.

use std::collections::BTreeSet;
use std::time::Duration;

use flowrun_core::{
    Attempt, ErrorClass, Event, NodeIx, NodeStatus, ObjectReport, ObjectStatus, OnUnknown, Outcome, Record,
    Report, Rerun, RunStatus, Timer, Timestamp,
};

use super::drawing::{Drawing, Drawn, Kind};

/// A run as the rules have it.
pub(super) struct Model<'a> {
    drawing: &'a Drawing,
    /// The object that stands for the run itself.
    run: String,
    nodes: Vec<Node<'a>>,
    /// Objects whose facts were told.
    known: BTreeSet<String>,
    phase: Phase,
    is_paused: bool,
    /// How much of its time the run has used, in microseconds.
    used: i64,
    /// The time of the last line, and the time that passed since.
    last: Option<Timestamp>,
    passed: i64,
}

/// What is told of a decision beside its events: attempts that started, and nodes that failed.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) started: Vec<(NodeIx, Attempt)>,
    failed: Vec<usize>,
    pub(super) has_lines: bool,
}

impl Told {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut told = Self { has_lines: !records.is_empty(), ..Self::default() };
        for record in records {
            match record {
                Record::AttemptStarted { node, attempt, .. } => told.started.push((*node, *attempt)),
                Record::NodeEnded { node, status: NodeStatus::Failed, .. } => told.failed.push(node.index()),
                _ => {}
            }
        }
        told
    }
}

struct Node<'a> {
    drawn: &'a Drawn,
    sources: Vec<usize>,
    state: State,
    /// The attempt that works, or the next one.
    attempt: Attempt,
    objects: Vec<Object>,
    /// How much of its time the visit has used, in microseconds.
    used: i64,
    /// How often the process has died while the visit was at work.
    lost: u32,
}

/// An object of a node, and the side of its conditions that it goes to.
pub(super) struct Object {
    pub(super) id: String,
    pub(super) status: ObjectStatus,
    side: Option<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Queued,
    Working,
    /// Its next attempt is to come; that of a held one when a person says so.
    Waiting,
    Held,
    /// Whether it passed, and whether anything may follow from it.
    Done(bool, bool),
    /// No edge led there.
    Skipped,
    /// It has no task.
    Empty,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Open,
    /// Nothing new starts.
    Failing,
    /// Nothing goes on, and the run ends like this.
    Stopping(RunStatus),
}

impl<'a> Model<'a> {
    pub(super) fn new(drawing: &'a Drawing, run: String) -> Self {
        let sources = |node| drawing.edges.iter().filter(move |edge| edge.1 == node).map(|edge| edge.0);
        let node = |(place, drawn)| Node {
            drawn,
            sources: sources(place).collect(),
            state: State::Queued,
            attempt: Attempt::FIRST,
            objects: Vec::new(),
            used: 0,
            lost: 0,
        };
        let nodes = drawing.nodes.iter().enumerate().map(node).collect();
        Self {
            drawing,
            run,
            nodes,
            known: BTreeSet::new(),
            phase: Phase::Open,
            is_paused: false,
            used: 0,
            last: None,
            passed: 0,
        }
    }

    /// Time passes: the run and its nodes use theirs, unless a person is waited for. A clock that runs backwards
    /// shows that none passed.
    pub(super) fn pass_time(&mut self, at: Timestamp) {
        let last = self.last.replace(at).unwrap_or(at);
        self.passed = (at.as_micros() - last.as_micros()).max(0);
        self.use_time(self.passed);
    }

    /// Nothing was written at that time, so nobody is going to know of it.
    pub(super) fn take_back_time(&mut self) {
        self.use_time(-self.passed);
        let last = self.last.map(|last| Timestamp::from_micros(last.as_micros() - self.passed));
        self.last = last;
    }

    fn use_time(&mut self, passed: i64) {
        if self.status() == RunStatus::Working && !self.is_paused() {
            self.used += passed;
        }
        for node in &mut self.nodes {
            if matches!(node.state, State::Working | State::Waiting) && !self.is_paused {
                node.used += passed;
            }
        }
    }

    /// Whether the node has used all of its time, and its clock runs.
    fn is_overdue(&self, node: usize) -> bool {
        let Node { used, state, .. } = self.nodes[node];
        let runs = !self.is_paused && state != State::Held;
        runs && self.drawing.limits.node_timeout.is_some_and(|most| used >= most.as_micros() as i64)
    }

    /// Takes an event, and out of what is told the attempts that may start now.
    pub(super) fn take(&mut self, event: &Event, told: &mut Told) {
        let is_late = |most: Duration| self.used >= most.as_micros() as i64;
        if self.drawing.limits.run_timeout.is_some_and(is_late) && !self.is_paused() {
            self.stop(Phase::Stopping(RunStatus::Failed));
        }
        let (node, attempt) = match event {
            Event::Reported { node, attempt, .. }
            | Event::AttemptEnded { node, attempt, .. }
            | Event::AttemptStopped { node, attempt }
            | Event::LimitBroken { node, attempt, .. }
            | Event::TimerFired(Timer::Attempt { node, attempt } | Timer::Node { node, attempt }) => {
                (node.index(), *attempt)
            }
            _ => (0, Attempt::FIRST),
        };
        let works = (self.nodes[node].state, self.nodes[node].attempt) == (State::Working, attempt);
        let is_its_visit = self.is_open(node) && self.nodes[node].attempt.visit() == attempt.visit();
        match event {
            Event::Reported { report: Report::Objects(objects), .. } if works => self.report(node, objects),
            Event::LimitBroken { .. } if works => self.break_limit(node),
            Event::AttemptEnded { outcome, .. } if works => self.attempt_ended(node, outcome),
            Event::AttemptStopped { .. } if works => self.end(node, false),
            Event::TimerFired(_) if self.is_stopping() => {}
            Event::TimerFired(Timer::Attempt { .. }) if works => self.fail(node, ErrorClass::Timeout),
            Event::TimerFired(Timer::Node { .. }) if is_its_visit && self.is_overdue(node) => {
                self.give_up(node)
            }
            Event::CancelRequested => self.stop(Phase::Stopping(RunStatus::Cancelled)),
            Event::PauseRequested => self.is_paused = true,
            Event::ResumeRequested => self.resume(),
            Event::RerunRequested(what) => self.rerun(what),
            Event::Recovered { .. } => self.recover(&told.started),
            // What comes too late changes nothing; that something starts is told.
            _ => {}
        }
        self.pass_over();
        // One that ends can let another one start, and a start is judged before an end that comes after it.
        loop {
            let left = told.started.len() + told.failed.len();
            told.started.retain(|&(node, attempt)| !self.start(node.index(), attempt));
            if let Some(place) = told.failed.iter().position(|&node| self.ends_in_its_turn(node)) {
                let node = told.failed.remove(place);
                self.give_up(node);
            }
            self.pass_over();
            if told.started.len() + told.failed.len() == left {
                return;
            }
        }
    }

    /// Whether a node was to go on just now and its time was over.
    fn ends_in_its_turn(&self, node: usize) -> bool {
        self.nodes[node].state == State::Waiting && self.is_overdue(node)
    }

    /// The run is over when nothing works, waits, or may start.
    pub(super) fn status(&self) -> RunStatus {
        let is_left = |node| self.is_open(node) || self.is_wanted(node).is_some();
        match self.phase {
            _ if (0..self.nodes.len()).any(is_left) => RunStatus::Working,
            Phase::Stopping(status) => status,
            _ if self.nodes.iter().any(|node| matches!(node.state, State::Done(false, _))) => {
                RunStatus::Failed
            }
            _ => RunStatus::Passed,
        }
    }

    pub(super) fn node_status(&self, node: usize) -> NodeStatus {
        match self.nodes[node].state {
            State::Queued | State::Skipped | State::Empty => NodeStatus::Queued,
            State::Working | State::Waiting | State::Held => NodeStatus::Working,
            State::Done(true, _) => NodeStatus::Passed,
            State::Done(false, _) => NodeStatus::Failed,
        }
    }

    pub(super) fn is_skipped(&self, node: usize) -> bool {
        self.nodes[node].state == State::Skipped
    }

    /// The objects of a node, and how each stands.
    pub(super) fn objects(&self, node: usize) -> &[Object] {
        &self.nodes[node].objects
    }

    /// Whether the run goes on only when a person says so, or a node of it does.
    pub(super) fn is_paused(&self) -> bool {
        let is_held = self.nodes.iter().any(|node| node.state == State::Held);
        self.status() == RunStatus::Working && !self.is_stopping() && (self.is_paused || is_held)
    }

    fn is_open(&self, node: usize) -> bool {
        self.node_status(node) == NodeStatus::Working
    }

    fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_))
    }

    /// What an executor says of its objects: a status that is final stays, and facts are known from then on.
    fn report(&mut self, node: usize, reports: &[ObjectReport]) {
        if reports.iter().any(|report| self.is_too_much(report)) {
            return self.break_limit(node);
        }
        let objects = &mut self.nodes[node].objects;
        for ObjectReport { entry, facts } in reports {
            let id = entry.id.clone().unwrap_or_default().to_string();
            match objects.iter_mut().find(|known| known.id == id) {
                Some(known) if known.status != ObjectStatus::Working => {}
                Some(known) => known.status = entry.status,
                None => objects.push(Object { id: id.clone(), status: entry.status, side: None }),
            }
            self.known.extend(facts.is_some().then_some(id));
        }
    }

    fn is_too_much(&self, report: &ObjectReport) -> bool {
        let Some((most, facts)) = self.drawing.limits.facts_bytes.zip(report.facts.as_ref()) else {
            return false;
        };
        serde_json::to_vec(facts).is_ok_and(|text| text.len() > most)
    }

    /// Who brings more than a run takes is over, unless all are told to stop already. Another attempt would bring it
    /// again.
    fn break_limit(&mut self, node: usize) {
        if !self.is_stopping() {
            self.give_up(node);
        }
    }

    fn attempt_ended(&mut self, node: usize, outcome: &Outcome) {
        let is_good = |status| matches!(status, ObjectStatus::Passed | ObjectStatus::Incomplete);
        match outcome {
            Outcome::Passed => self.end(node, true),
            Outcome::Done => self.end(node, self.objects(node).iter().all(|object| is_good(object.status))),
            Outcome::Failed(_) if self.is_stopping() => self.end(node, false),
            Outcome::Failed(why) => self.fail(node, why.class),
        }
    }

    /// An attempt failed: another one may help, or nobody knows whether its effect happened, or that is all.
    fn fail(&mut self, node: usize, class: ErrorClass) {
        let is_unsure = matches!(class, ErrorClass::Timeout | ErrorClass::Unknown);
        let may_be_done = is_unsure && self.nodes[node].drawn.kind.has_effect();
        match self.drawing.on_unknown(node) {
            _ if class != ErrorClass::Transient && !is_unsure => self.end(node, false),
            _ if self.phase != Phase::Open => self.give_up(node),
            OnUnknown::Fail if may_be_done => self.give_up(node),
            OnUnknown::Pause if may_be_done => self.wait(node, State::Held),
            _ if self.nodes[node].attempt.number() >= self.drawing.attempts(node) => self.give_up(node),
            _ => self.wait(node, State::Waiting),
        }
    }

    fn wait(&mut self, node: usize, state: State) {
        (self.nodes[node].state, self.nodes[node].attempt) = (state, self.nodes[node].attempt.next());
    }

    /// The node fails, and with it what a receiver had still to send.
    fn give_up(&mut self, node: usize) {
        let is_receiver = self.nodes[node].drawn.kind.is_receiver();
        let is_left = |object: &&mut Object| is_receiver && object.status == ObjectStatus::Working;
        let left = self.nodes[node].objects.iter_mut().filter(is_left);
        left.for_each(|object| object.status = ObjectStatus::Failed);
        self.end(node, false);
    }

    /// The node is done, and may have ended the run. Its conditions are read if anything may follow: without
    /// facts nothing holds, and what was given up before it had any goes to neither side.
    fn end(&mut self, node: usize, passed: bool) {
        if !passed && self.drawing.limits.end_on_fail {
            self.stop(Phase::Failing);
        }
        let may_follow = self.phase == Phase::Open;
        self.nodes[node].state = State::Done(passed, may_follow);
        let Some(threshold) = self.nodes[node].drawn.threshold.filter(|_| may_follow) else { return };
        for object in &mut self.nodes[node].objects {
            let is_known = self.known.contains(&object.id);
            let is_judged = is_known || object.status != ObjectStatus::Incomplete;
            object.side = is_judged.then(|| is_known && self.drawing.score(&object.id) >= threshold);
        }
    }

    /// Nothing new starts any more, and what waits for another attempt has failed.
    fn stop(&mut self, phase: Phase) {
        if self.status() == RunStatus::Working && !self.is_stopping() && self.phase != phase {
            self.phase = phase;
            let waits = |node: &&mut Node<'_>| matches!(node.state, State::Waiting | State::Held);
            self.nodes.iter_mut().filter(waits).for_each(|node| node.state = State::Done(false, false));
        }
    }

    fn resume(&mut self) {
        self.is_paused = false;
        for node in 0..self.nodes.len() {
            if self.nodes[node].state == State::Held {
                self.nodes[node].state = State::Waiting;
                // A person who lets a node go on that has no time left gives it its time anew.
                if self.is_overdue(node) {
                    self.nodes[node].used = 0;
                }
            }
        }
    }

    /// A process has died with all that was at work.
    fn recover(&mut self, started: &[(NodeIx, Attempt)]) {
        for node in 0..self.nodes.len() {
            if self.ends_in_its_turn(node) {
                self.give_up(node);
            }
        }
        for node in 0..self.nodes.len() {
            let Node { drawn, state: State::Working, attempt, .. } = self.nodes[node] else { continue };
            self.nodes[node].lost += 1;
            let (may_repeat, next) = (drawn.kind.may_repeat(), attempt.next());
            let most = self.most_attempts(node);
            match self.drawing.on_unknown(node) {
                _ if self.is_stopping() => self.end(node, false),
                _ if attempt.number() >= most => self.give_up(node),
                OnUnknown::Fail if !may_repeat => self.give_up(node),
                OnUnknown::Pause if !may_repeat => self.wait(node, State::Held),
                _ if self.is_overdue(node) => self.give_up(node),
                // At work again at once, and so not among those that wait if another node ends the run.
                _ if started.contains(&(NodeIx::new(node), next)) => self.begin(node, next),
                _ => self.wait(node, State::Waiting),
            }
        }
    }

    /// How many attempts a crash may have cut off in all, and not one more.
    fn most_attempts(&self, node: usize) -> u32 {
        self.drawing.attempts(node).max(self.drawing.limits.crash_attempts)
    }

    /// How many are at work after crashes that may not be cut off once more, or not much more often than others.
    pub(super) fn last_chances(&self) -> usize {
        let is_one = |node: usize| {
            let Node { state, attempt, lost, .. } = self.nodes[node];
            let is_last = lost + 1 >= self.drawing.limits.crash_attempts
                || attempt.number() >= self.most_attempts(node);
            state == State::Working && lost > 0 && is_last
        };
        (0..self.nodes.len()).filter(|node| is_one(*node)).count()
    }

    /// What failed, or one node; all below; and what never had its turn. Of the others, what passed while the
    /// run was ending may be followed now.
    fn rerun(&mut self, what: &Rerun) {
        (self.phase, self.is_paused, self.used) = (Phase::Open, false, 0);
        let mut again = Vec::new();
        // Edges lead to later nodes.
        for (place, node) in (0..).zip(&self.nodes) {
            let is_meant = match what {
                Rerun::Failed | Rerun::FailedObjects => matches!(node.state, State::Done(false, _)),
                Rerun::From(id) => *id == place.to_string(),
            };
            again.push(is_meant || node.state == State::Queued || node.sources.iter().any(|&it| again[it]));
        }
        for (place, again) in again.into_iter().enumerate() {
            let node = &mut self.nodes[place];
            if again {
                if matches!(node.state, State::Done(..)) {
                    node.attempt = node.attempt.next_visit();
                }
                (node.state, node.objects, node.used, node.lost) = (State::Queued, Vec::new(), 0, 0);
            } else if node.state == State::Done(true, false) {
                self.end(place, true);
            }
        }
    }

    /// Passes over what does not start, in the direction of the edges.
    fn pass_over(&mut self) {
        for node in 0..self.nodes.len() {
            let kind = self.nodes[node].drawn.kind;
            self.nodes[node].state = match self.is_wanted(node) {
                Some(false) => State::Skipped,
                Some(true) if kind == Kind::Empty => State::Empty,
                Some(true) if kind.takes_objects() && self.handed(node).is_empty() => State::Done(true, true),
                _ => continue,
            };
        }
    }

    /// For a node whose turn it is, since all its edges are decided: whether one of them is taken.
    fn is_wanted(&self, node: usize) -> Option<bool> {
        let Node { sources, state, .. } = &self.nodes[node];
        let edges: Option<Vec<_>> = sources.iter().map(|&source| self.carried(source, node)).collect();
        let edges = edges.filter(|_| self.phase == Phase::Open && *state == State::Queued)?;
        Some(edges.is_empty() || edges.iter().any(Option::is_some))
    }

    /// The objects that an edge carries; nothing when it is dead, and `None` while that is not decided.
    fn carried(&self, source: usize, target: usize) -> Option<Option<Vec<&str>>> {
        let Node { drawn, state, objects, .. } = &self.nodes[source];
        let side = self.nodes[target].drawn.start_if;
        let is_judged = drawn.threshold.is_some();
        let goes_there = |object: &&Object| !is_judged || (side.is_some() && object.side == side);
        let share: Vec<_> = objects.iter().filter(goes_there).map(|object| &*object.id).collect();
        match state {
            State::Queued | State::Working | State::Waiting | State::Held => None,
            State::Done(_, true) if !is_judged || !share.is_empty() => Some(Some(share)),
            State::Skipped | State::Empty | State::Done(..) => Some(None),
        }
    }

    /// What a node is handed: the objects of its taken parents, each once; without parents the run itself.
    pub(super) fn handed(&self, node: usize) -> Vec<String> {
        let Node { drawn, sources, .. } = &self.nodes[node];
        let carried = sources.iter().filter_map(|&source| self.carried(source, node)?);
        let mut handed: Vec<&str> = carried.flatten().collect();
        handed.extend(sources.is_empty().then_some(&*self.run));
        let mut seen = BTreeSet::new();
        handed.retain(|&id| drawn.kind.takes_objects() && seen.insert(id));
        handed.into_iter().map(str::to_owned).collect()
    }

    /// Starts an attempt if it may: the first of a node, the one that it waits for, or in a recovery the one
    /// that works already.
    fn start(&mut self, node: usize, attempt: Attempt) -> bool {
        let is_next = match self.nodes[node].state {
            State::Queued => self.is_wanted(node) == Some(true),
            State::Waiting | State::Working => true,
            State::Held | State::Done(..) | State::Skipped | State::Empty => false,
        };
        let may_start = is_next
            && attempt == self.nodes[node].attempt
            && !self.is_paused
            && (attempt.number() == 1 || !self.is_overdue(node));
        if may_start {
            self.begin(node, attempt);
        }
        may_start
    }

    /// A receiver keeps its list over its attempts; others begin a new one with each.
    fn begin(&mut self, node: usize, attempt: Attempt) {
        let is_receiver = self.nodes[node].drawn.kind.is_receiver();
        if !is_receiver || self.nodes[node].state == State::Queued {
            let handed = if is_receiver { self.handed(node) } else { Vec::new() };
            let new = |id| Object { id, status: ObjectStatus::Working, side: None };
            self.nodes[node].objects = handed.into_iter().map(new).collect();
        }
        (self.nodes[node].state, self.nodes[node].attempt) = (State::Working, attempt);
    }
}
