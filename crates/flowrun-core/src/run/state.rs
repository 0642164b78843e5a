//! What a run knows of its nodes, one flat array a property.

use super::entry_list::EntryList;
use crate::model::{Attempt, NodeIx, Timestamp};
use crate::plan::Plan;

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not decided yet.
    Queued,
    /// Its executor is at work.
    Working(Attempt),
    /// The next attempt has to wait.
    Waiting(Attempt),
    /// Done, well.
    Passed,
    /// Done, badly.
    Failed,
    /// Never going to start.
    Skipped,
    /// An empty node that had its turn.
    Reached,
}

/// The nodes of a run. What few nodes have stands apart, in [`Detail`].
#[derive(Debug)]
pub(crate) struct Nodes {
    state: Box<[State]>,
    flags: Box<[Flags]>,
    /// Edges into the node that are not decided yet.
    pending: Box<[u32]>,
    started: Box<[Timestamp]>,
    completed: Box<[Timestamp]>,
    /// When it started, counted in lines and starts of the whole run.
    start_seq: Box<[u32]>,
    detail: Box<[Option<Box<Detail>>]>,
    /// Whether the run's own deadline stopped it.
    pub(crate) timed_out: bool,
}

/// What the wire and the rules ask of a node beside its state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    /// What follows from it is decided.
    pub(crate) finalized: bool,
    /// At least one edge into it is taken.
    pub(crate) any_taken: bool,
    /// It was started, so it has a starting time and a line.
    pub(crate) has_started: bool,
    /// It ended while the run was stopping: no edge of it was taken.
    pub(crate) ended_run: bool,
}

/// What only some nodes have.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    /// Its entries.
    pub(crate) objects: EntryList,
    /// For a node with conditions that was judged: the side of each entry.
    pub(crate) sides: Vec<Option<bool>>,
    /// Its log lines, without the one of its start.
    pub(crate) lines: Vec<Line>,
    /// Entries were dropped because there were too many.
    pub(crate) over_limit: bool,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) seq: u32,
    pub(crate) at: Timestamp,
    pub(crate) message: Box<str>,
}

impl Nodes {
    pub(crate) fn new(plan: &Plan) -> Self {
        let count = plan.node_count();
        let pending = plan.node_ixs().map(|node| plan.parents(node).len() as u32).collect();
        Self {
            state: vec![State::Queued; count].into(),
            flags: vec![Flags::default(); count].into(),
            pending,
            started: vec![Timestamp::default(); count].into(),
            completed: vec![Timestamp::default(); count].into(),
            start_seq: vec![0; count].into(),
            detail: std::iter::repeat_with(|| None).take(count).collect(),
            timed_out: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.state.len()
    }

    pub(crate) fn state(&self, node: NodeIx) -> State {
        self.state[node.index()]
    }

    pub(crate) fn set_state(&mut self, node: NodeIx, state: State) {
        self.state[node.index()] = state;
    }

    pub(crate) fn flags(&self, node: NodeIx) -> Flags {
        self.flags[node.index()]
    }

    pub(crate) fn flags_mut(&mut self, node: NodeIx) -> &mut Flags {
        &mut self.flags[node.index()]
    }

    /// Notes that one more edge into the node is decided.
    pub(crate) fn decide_edge(&mut self, node: NodeIx, taken: bool) {
        self.pending[node.index()] -= 1;
        self.flags[node.index()].any_taken |= taken;
    }

    /// Whether every edge into the node is decided and nothing came of it yet.
    pub(crate) fn is_due(&self, node: NodeIx) -> bool {
        self.pending[node.index()] == 0 && self.state(node) == State::Queued
    }

    pub(crate) fn start(&mut self, node: NodeIx, at: Timestamp, seq: u32) {
        self.started[node.index()] = at;
        self.start_seq[node.index()] = seq;
        self.flags[node.index()].has_started = true;
    }

    pub(crate) fn complete(&mut self, node: NodeIx, at: Timestamp) {
        self.completed[node.index()] = at;
        if let Some(detail) = &mut self.detail[node.index()] {
            detail.objects.close();
        }
    }

    /// When the node started, and its place among the lines of the run.
    pub(crate) fn started(&self, node: NodeIx) -> Option<(Timestamp, u32)> {
        let started = (self.started[node.index()], self.start_seq[node.index()]);
        self.flags(node).has_started.then_some(started)
    }

    pub(crate) fn completed(&self, node: NodeIx) -> Option<Timestamp> {
        matches!(self.state(node), State::Passed | State::Failed).then(|| self.completed[node.index()])
    }

    pub(crate) fn detail(&self, node: NodeIx) -> Option<&Detail> {
        self.detail[node.index()].as_deref()
    }

    pub(crate) fn detail_mut(&mut self, node: NodeIx) -> &mut Detail {
        self.detail[node.index()].get_or_insert_default()
    }
}
