//! What a run has to do, worked out the slow way from the rules of flows: after every event each node is looked
//! at anew. It shares nothing with the machine it judges but the words that events are told in.
//!
//! *When* a node starts that may start is a matter of turns, slots and pauses, and not judged here: the model is
//! told, and says whether it may. That everything starts in the end shows by the run ending.

use std::collections::BTreeSet;

use flowrun_core::{
    Attempt, ErrorClass, Event, NodeIx, NodeStatus, ObjectReport, ObjectStatus, OnUnknown, Outcome, Report,
    Rerun, RunStatus, Timer,
};

use super::drawing::{Drawing, Kind};

/// A run as the rules have it.
pub(super) struct Model<'a> {
    drawing: &'a Drawing,
    /// The object that stands for the run itself.
    run: String,
    nodes: Vec<Node>,
    /// Objects whose facts were told.
    known: BTreeSet<String>,
    phase: Phase,
    is_paused: bool,
}

struct Node {
    state: State,
    visit: u32,
    entries: Vec<Entry>,
}

/// An object of a node, and the side of its conditions that it goes to.
struct Entry {
    id: String,
    status: ObjectStatus,
    side: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Working(Attempt),
    /// It has started, is not at work, and goes on with this attempt; a held one when a person says so.
    Waiting(Attempt),
    Held(Attempt),
    /// Whether it passed, and whether anything may follow from it.
    Done(bool, bool),
    /// Passed over, and whether because no edge led there: the other reason is that it has no task.
    Over(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Failing,
    Cancelled,
    TimedOut,
    Closed(RunStatus),
}

impl<'a> Model<'a> {
    pub(super) fn new(drawing: &'a Drawing, run: String) -> Self {
        let node = |_| Node { state: State::Queued, visit: 1, entries: Vec::new() };
        let (nodes, known) = (drawing.nodes.iter().map(node).collect(), BTreeSet::new());
        Self { drawing, run, nodes, known, phase: Phase::Open, is_paused: false }
    }

    /// Takes an event, and out of `started` the attempts that may start now.
    pub(super) fn take(&mut self, event: &Event, started: &mut Vec<(NodeIx, Attempt)>) {
        let (node, attempt) = match event {
            Event::Reported { node, attempt, .. }
            | Event::AttemptEnded { node, attempt, .. }
            | Event::AttemptStopped { node, attempt }
            | Event::TimerFired(Timer::Attempt { node, attempt } | Timer::Node { node, attempt }) => {
                (node.index(), *attempt)
            }
            _ => (0, Attempt::FIRST),
        };
        let works = self.nodes[node].state == State::Working(attempt);
        let same = self.is_open(node) && self.nodes[node].visit == attempt.visit() && !self.is_stopping();
        match event {
            Event::Reported { report: Report::Objects(objects), .. } if works => self.report(node, objects),
            Event::AttemptEnded { outcome, .. } if works => self.attempt_ended(node, attempt, outcome),
            Event::AttemptStopped { .. } if works => self.end(node, false),
            Event::TimerFired(Timer::Attempt { .. }) if works && same => {
                self.fail(node, attempt, ErrorClass::Timeout);
            }
            Event::TimerFired(Timer::Node { .. }) if same => self.give_up(node),
            Event::TimerFired(Timer::Run) => self.stop(Phase::TimedOut),
            Event::CancelRequested => self.stop(Phase::Cancelled),
            Event::PauseRequested => self.is_paused |= !self.is_stopping(),
            Event::ResumeRequested => self.resume(),
            Event::RerunRequested(what) => self.rerun(*what),
            Event::Recovered { .. } => self.recover(started),
            // What comes too late changes nothing; that something starts is told.
            _ => {}
        }
        self.settle();
        started.retain(|&(node, attempt)| !self.start(node.index(), attempt));
        self.close();
    }

    pub(super) fn status(&self) -> RunStatus {
        if let Phase::Closed(status) = self.phase { status } else { RunStatus::Working }
    }

    pub(super) fn node_status(&self, node: usize) -> NodeStatus {
        match self.nodes[node].state {
            State::Queued | State::Over(_) => NodeStatus::Queued,
            State::Working(_) | State::Waiting(_) | State::Held(_) => NodeStatus::Working,
            State::Done(true, _) => NodeStatus::Passed,
            State::Done(false, _) => NodeStatus::Failed,
        }
    }

    pub(super) fn is_skipped(&self, node: usize) -> bool {
        self.nodes[node].state == State::Over(true)
    }

    /// The objects of a node, and how each stands.
    pub(super) fn objects(&self, node: usize) -> impl Iterator<Item = (&str, ObjectStatus)> {
        self.nodes[node].entries.iter().map(|entry| (&*entry.id, entry.status))
    }

    /// Whether the run goes on only when a person says so, or a node of it does.
    pub(super) fn is_paused(&self) -> bool {
        let is_held = self.nodes.iter().any(|node| matches!(node.state, State::Held(_)));
        matches!(self.phase, Phase::Open | Phase::Failing) && (self.is_paused || is_held)
    }

    fn is_open(&self, node: usize) -> bool {
        matches!(self.nodes[node].state, State::Working(_) | State::Waiting(_) | State::Held(_))
    }

    fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Cancelled | Phase::TimedOut)
    }

    /// What an executor says of its objects: a status that is final stays, and facts are known from then on.
    fn report(&mut self, node: usize, objects: &[ObjectReport]) {
        for ObjectReport { entry, facts } in objects {
            let id = entry.id.as_deref().unwrap_or_default().to_owned();
            let (entries, status) = (&mut self.nodes[node].entries, entry.status);
            match entries.iter_mut().find(|known| known.id == id) {
                Some(known) if known.status != ObjectStatus::Working => {}
                Some(known) => known.status = status,
                None => entries.push(Entry { id: id.clone(), status, side: None }),
            }
            self.known.extend(facts.is_some().then_some(id));
        }
    }

    fn attempt_ended(&mut self, node: usize, attempt: Attempt, outcome: &Outcome) {
        let is_good = |status| matches!(status, ObjectStatus::Passed | ObjectStatus::Incomplete);
        let passed = match outcome {
            Outcome::Passed => true,
            Outcome::Done => self.objects(node).all(|(_, status)| is_good(status)),
            Outcome::Failed(why) if !self.is_stopping() => return self.fail(node, attempt, why.class),
            Outcome::Failed(_) => false,
        };
        self.end(node, passed);
    }

    /// An attempt failed: another one may help, or nobody knows whether its effect happened, or that is all.
    fn fail(&mut self, node: usize, attempt: Attempt, class: ErrorClass) {
        let is_unsure = matches!(class, ErrorClass::Timeout | ErrorClass::Unknown);
        let may_be_done = is_unsure && self.drawing.nodes[node].kind.has_effect();
        self.nodes[node].state = match self.drawing.on_unknown(node) {
            _ if class != ErrorClass::Transient && !is_unsure => return self.end(node, false),
            _ if self.phase != Phase::Open => return self.give_up(node),
            OnUnknown::Fail if may_be_done => return self.give_up(node),
            OnUnknown::Pause if may_be_done => State::Held(attempt.next()),
            _ if attempt.number() < self.drawing.attempts(node) => State::Waiting(attempt.next()),
            _ => return self.give_up(node),
        };
    }

    /// The node fails, and with it what a receiver had still to send.
    fn give_up(&mut self, node: usize) {
        let is_receiver = self.drawing.nodes[node].kind.is_receiver();
        let left = |entry: &&mut Entry| is_receiver && entry.status == ObjectStatus::Working;
        let entries = self.nodes[node].entries.iter_mut().filter(left);
        entries.for_each(|entry| entry.status = ObjectStatus::Failed);
        self.end(node, false);
    }

    /// The node is done, and may have ended the run.
    fn end(&mut self, node: usize, passed: bool) {
        if !passed && self.drawing.limits.end_on_fail {
            self.stop(Phase::Failing);
        }
        self.nodes[node].state = State::Done(passed, self.phase == Phase::Open);
        self.judge(node);
    }

    /// Nothing new starts any more, and what waits for another attempt has failed.
    fn stop(&mut self, phase: Phase) {
        if self.phase == Phase::Open || (self.phase == Phase::Failing && phase != Phase::Failing) {
            self.phase = phase;
            let waits = |node: &&mut Node| matches!(node.state, State::Waiting(_) | State::Held(_));
            self.nodes.iter_mut().filter(waits).for_each(|node| node.state = State::Done(false, false));
        }
    }

    /// To which side of its conditions each object goes: without facts nothing holds, and what was given up
    /// before it had any goes to neither.
    fn judge(&mut self, node: usize) {
        let (Some(threshold), Phase::Open) = (self.drawing.nodes[node].threshold, self.phase) else { return };
        for entry in &mut self.nodes[node].entries {
            let is_known = self.known.contains(&entry.id);
            let is_judged = is_known || entry.status != ObjectStatus::Incomplete;
            entry.side = is_judged.then(|| is_known && self.drawing.score(&entry.id) >= threshold);
        }
    }

    fn resume(&mut self) {
        self.is_paused &= self.is_stopping();
        for node in &mut self.nodes {
            if let State::Held(next) = node.state {
                node.state = State::Waiting(next);
            }
        }
    }

    /// A process has died with all that was at work.
    fn recover(&mut self, started: &[(NodeIx, Attempt)]) {
        for node in 0..self.nodes.len() {
            let State::Working(attempt) = self.nodes[node].state else { continue };
            let (may_repeat, next) = (self.drawing.nodes[node].kind.may_repeat(), attempt.next());
            let most = self.drawing.attempts(node).max(self.drawing.limits.crash_attempts);
            match self.drawing.on_unknown(node) {
                _ if self.is_stopping() => self.end(node, false),
                _ if attempt.number() >= most => self.give_up(node),
                OnUnknown::Fail if !may_repeat => self.give_up(node),
                OnUnknown::Pause if !may_repeat => self.nodes[node].state = State::Held(next),
                // At work again at once, and so not among those that wait if another node ends the run.
                _ if started.contains(&(NodeIx::new(node), next)) => self.begin(node, next),
                _ => self.nodes[node].state = State::Waiting(next),
            }
        }
    }

    /// What failed, or one node; all below; and what never had its turn. Of the others, what passed while the
    /// run was ending may be followed now.
    fn rerun(&mut self, what: Rerun) {
        (self.phase, self.is_paused) = (Phase::Open, false);
        let mut again = vec![false; self.nodes.len()];
        // Edges lead to later nodes.
        for node in 0..self.nodes.len() {
            again[node] = self.sources(node).any(|source| again[source])
                || what == Rerun::From(NodeIx::new(node))
                || self.nodes[node].state == State::Queued
                || (what == Rerun::Failed && matches!(self.nodes[node].state, State::Done(false, _)));
        }
        for (node, again) in again.into_iter().enumerate() {
            if again {
                self.nodes[node].visit += u32::from(matches!(self.nodes[node].state, State::Done(..)));
                (self.nodes[node].state, self.nodes[node].entries) = (State::Queued, Vec::new());
            } else if self.nodes[node].state == State::Done(true, false) {
                self.end(node, true);
            }
        }
    }

    /// Passes over what does not start, until nothing changes.
    fn settle(&mut self) {
        let mut changed = self.phase == Phase::Open;
        while std::mem::take(&mut changed) {
            for node in 0..self.nodes.len() {
                let kind = self.drawing.nodes[node].kind;
                let Some(is_wanted) = self.is_wanted(node) else { continue };
                self.nodes[node].state = match kind {
                    _ if !is_wanted => State::Over(true),
                    Kind::Empty => State::Over(false),
                    _ if kind.takes_objects() && self.handed(node).is_empty() => State::Done(true, true),
                    _ => continue,
                };
                changed = true;
            }
        }
    }

    /// For a queued node whose edges are all decided: whether one of them is taken.
    fn is_wanted(&self, node: usize) -> Option<bool> {
        let edges: Option<Vec<bool>> = self.sources(node).map(|source| self.is_taken(source, node)).collect();
        let edges = edges.filter(|_| self.nodes[node].state == State::Queued)?;
        Some(edges.is_empty() || edges.contains(&true))
    }

    fn sources(&self, node: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.drawing.edges.iter().filter(move |edge| edge.1 == node).map(|edge| edge.0)
    }

    /// Whether an edge is taken; `None` while that is not decided.
    fn is_taken(&self, source: usize, target: usize) -> Option<bool> {
        let Node { state, entries, .. } = &self.nodes[source];
        let side = self.drawing.nodes[target].start_if;
        match state {
            State::Queued | State::Working(_) | State::Waiting(_) | State::Held(_) => None,
            State::Over(_) | State::Done(_, false) => Some(false),
            State::Done(_, true) if self.drawing.nodes[source].threshold.is_none() => Some(true),
            State::Done(_, true) => Some(side.is_some() && entries.iter().any(|entry| entry.side == side)),
        }
    }

    /// The objects of the taken parents, below conditions those of the node's side, each once. Without parents
    /// it is the run itself.
    pub(super) fn handed(&self, node: usize) -> Vec<String> {
        let (mut handed, mut seen) = (Vec::new(), BTreeSet::new());
        for source in self.sources(node).filter(|&source| self.is_taken(source, node) == Some(true)) {
            let side = self.drawing.nodes[source].threshold.map(|_| self.drawing.nodes[node].start_if);
            let goes_here = |entry: &&Entry| side.is_none_or(|side| entry.side == side);
            let entries = self.nodes[source].entries.iter().filter(goes_here);
            handed.extend(entries.map(|entry| entry.id.clone()));
        }
        if self.sources(node).next().is_none() {
            handed.push(self.run.clone());
        }
        handed.retain(|id| self.drawing.nodes[node].kind.takes_objects() && seen.insert(id.clone()));
        handed
    }

    /// Starts an attempt if it may: the first of a node, or the one that it waits for.
    fn start(&mut self, node: usize, attempt: Attempt) -> bool {
        let Node { state, visit, .. } = self.nodes[node];
        let may_start = match state {
            State::Queued if self.phase != Phase::Open || self.is_wanted(node) != Some(true) => false,
            State::Queued => (attempt.visit(), attempt.number()) == (visit, 1),
            State::Waiting(next) => next == attempt && !self.is_stopping(),
            // In a recovery.
            State::Working(at_work) => at_work == attempt,
            State::Held(_) | State::Done(..) | State::Over(_) => false,
        };
        if may_start && !self.is_paused {
            self.begin(node, attempt);
        }
        may_start && !self.is_paused
    }

    /// A receiver keeps its list over its attempts; others begin a new one with each.
    fn begin(&mut self, node: usize, attempt: Attempt) {
        let is_receiver = self.drawing.nodes[node].kind.is_receiver();
        if !is_receiver || self.nodes[node].state == State::Queued {
            let handed = if is_receiver { self.handed(node) } else { Vec::new() };
            let new = |id| Entry { id, status: ObjectStatus::Working, side: None };
            self.nodes[node].entries = handed.into_iter().map(new).collect();
        }
        self.nodes[node].state = State::Working(attempt);
    }

    /// The run is over when nothing works, waits, or may start.
    fn close(&mut self) {
        let may_start = |node| self.phase == Phase::Open && self.is_wanted(node).is_some();
        if (0..self.nodes.len()).any(|node| self.is_open(node) || may_start(node)) {
            return;
        }
        let has_failed = self.nodes.iter().any(|node| matches!(node.state, State::Done(false, _)));
        self.phase = Phase::Closed(match self.phase {
            Phase::Closed(status) => status,
            Phase::Cancelled => RunStatus::Cancelled,
            Phase::Open if !has_failed => RunStatus::Passed,
            Phase::Open | Phase::Failing | Phase::TimedOut => RunStatus::Failed,
        });
    }
}
