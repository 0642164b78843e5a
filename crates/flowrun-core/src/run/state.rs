//! What a run knows of its nodes, in flat arrays: what every edge asks for in one, the rest in another.

use std::num::NonZeroU32;

use super::entry_list::EntryList;
use crate::model::{Attempt, NodeIx, ObjectEntry, ObjectStatus, Timestamp};
use crate::plan::Plan;

/// How far a node is, with what matters only as long as it is there. Eight bytes, because deciding the edges
/// into a node means a look at this in an order that no cache foresees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not decided yet.
    Queued {
        /// Edges into it that are not decided yet.
        open_edges: u32,
        /// At least one edge into it is taken.
        any_taken: bool,
    },
    /// Its executor is at work.
    Working(Attempt),
    /// The next attempt has to wait.
    Waiting(Attempt),
    /// The first attempt, or the next one, could start and waits for the run to let it.
    Due(Attempt),
    /// The same, and it has asked the host for a slot.
    Asking(Attempt),
    /// Done, well.
    Passed {
        /// While the run was stopping: no edge of it was taken.
        too_late: bool,
    },
    /// Done, badly.
    Failed {
        /// It ended the run, or ended while the run was stopping: no edge of it was taken.
        too_late: bool,
    },
    /// Never going to start.
    Skipped,
    /// An empty node that had its turn.
    Reached {
        /// Whether the wire shows it as finalized.
        finalized: bool,
    },
}

impl State {
    /// Whether it was started, so that it has a starting time and a line.
    pub(crate) const fn has_started(self) -> bool {
        match self {
            Self::Working(_) | Self::Waiting(_) | Self::Passed { .. } | Self::Failed { .. } => true,
            Self::Due(attempt) | Self::Asking(attempt) => attempt.number() > 1,
            Self::Queued { .. } | Self::Skipped | Self::Reached { .. } => false,
        }
    }

    /// Whether what follows from it is decided, as the wire shows it.
    pub(crate) const fn is_finalized(self) -> bool {
        match self {
            Self::Passed { .. } | Self::Failed { .. } => true,
            Self::Reached { finalized } => finalized,
            Self::Queued { .. }
            | Self::Working(_)
            | Self::Waiting(_)
            | Self::Due(_)
            | Self::Asking(_)
            | Self::Skipped => false,
        }
    }
}

/// The nodes of a run. What few nodes have stands apart, in [`Detail`].
#[derive(Debug)]
pub(crate) struct Nodes {
    states: Box<[State]>,
    courses: Box<[Course]>,
    /// In the order they came to be; a node's course knows its place.
    details: Vec<Detail>,
    /// Whether the run's own deadline stopped it.
    pub(crate) timed_out: bool,
}

/// When a node started and ended, and where the rest of it stands.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    started: Timestamp,
    completed: Timestamp,
    /// When it started, counted in lines and starts of the whole run.
    start_seq: u32,
    /// The place of its [`Detail`], from 1.
    detail: Option<NonZeroU32>,
}

/// What only some nodes have.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    /// Its entries.
    pub(crate) objects: EntryList,
    /// For a node with conditions that was judged: the side of each entry.
    pub(crate) sides: Sides,
    /// Its log lines, without the one of its start.
    pub(crate) lines: Vec<Line>,
    /// Entries were dropped because there were too many.
    pub(crate) over_limit: bool,
}

/// On which side of its node's conditions each entry goes on; `None` for neither.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    of_entries: Vec<Option<bool>>,
    any_true: bool,
    any_false: bool,
}

impl Sides {
    pub(crate) fn push(&mut self, side: Option<bool>) {
        self.of_entries.push(side);
        self.any_true |= side == Some(true);
        self.any_false |= side == Some(false);
    }

    pub(crate) fn as_slice(&self) -> &[Option<bool>] {
        &self.of_entries
    }

    /// Whether an entry goes to that side. To neither side leads no edge.
    pub(crate) fn any(&self, side: Option<bool>) -> bool {
        side.is_some_and(|side| if side { self.any_true } else { self.any_false })
    }
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
        let queued = |open_edges| State::Queued { open_edges, any_taken: false };
        Self {
            states: plan.parent_counts().map(queued).collect(),
            courses: vec![Course::default(); plan.node_count()].into(),
            details: Vec::new(),
            timed_out: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn state(&self, node: NodeIx) -> State {
        self.states[node.index()]
    }

    /// The state of a node that may not be of this run.
    pub(crate) fn get(&self, node: NodeIx) -> Option<State> {
        self.states.get(node.index()).copied()
    }

    pub(crate) fn set_state(&mut self, node: NodeIx, state: State) {
        self.states[node.index()] = state;
    }

    /// Takes back all that was decided about the node. Its lines stay.
    pub(crate) fn reset(&mut self, node: NodeIx) {
        self.set_state(node, State::Queued { open_edges: 0, any_taken: false });
        if let Some(place) = self.courses[node.index()].detail {
            let detail = &mut self.details[index(place)];
            let lines = std::mem::take(&mut detail.lines);
            *detail = Detail { lines, ..Detail::default() };
        }
    }

    /// Its entries, with those at work again that failed.
    pub(crate) fn keep_done(&mut self, node: NodeIx) -> EntryList {
        let entries = std::mem::take(&mut self.detail_mut(node).objects).into_entries();
        let again = |entry: ObjectEntry| {
            if entry.status == ObjectStatus::Failed {
                entry.with_status(ObjectStatus::Working)
            } else {
                entry
            }
        };
        entries.into_iter().map(again).collect::<Vec<_>>().into()
    }

    /// Takes back that an edge into the queued node was decided.
    pub(crate) fn open_edge(&mut self, node: NodeIx) {
        if let State::Queued { open_edges, .. } = &mut self.states[node.index()] {
            *open_edges += 1;
        }
    }

    /// Puts a line among those of the node, where it belongs by its number.
    pub(crate) fn insert_line(&mut self, node: NodeIx, seq: u32, at: Timestamp, message: &str) {
        let lines = &mut self.detail_mut(node).lines;
        let place = lines.partition_point(|line| line.seq < seq);
        lines.insert(place, Line { seq, at, message: message.into() });
    }

    /// Notes that one more edge into the node is decided; tells whether it was the last. A node whose edges are
    /// not all decided is queued.
    pub(crate) fn decide_edge(&mut self, node: NodeIx, taken: bool) -> bool {
        let State::Queued { open_edges, any_taken } = &mut self.states[node.index()] else { return false };
        *open_edges -= 1;
        *any_taken |= taken;
        *open_edges == 0
    }

    pub(crate) fn start(&mut self, node: NodeIx, at: Timestamp, seq: u32) {
        let course = &mut self.courses[node.index()];
        (course.started, course.start_seq) = (at, seq);
    }

    pub(crate) fn complete(&mut self, node: NodeIx, at: Timestamp) {
        let course = &mut self.courses[node.index()];
        course.completed = at;
        if let Some(place) = course.detail {
            self.details[index(place)].objects.close();
        }
    }

    /// When the node started, and its place among the lines of the run.
    pub(crate) fn started(&self, node: NodeIx) -> Option<(Timestamp, u32)> {
        let course = &self.courses[node.index()];
        self.state(node).has_started().then_some((course.started, course.start_seq))
    }

    pub(crate) fn completed(&self, node: NodeIx) -> Option<Timestamp> {
        let completed = self.courses[node.index()].completed;
        matches!(self.state(node), State::Passed { .. } | State::Failed { .. }).then_some(completed)
    }

    pub(crate) fn detail(&self, node: NodeIx) -> Option<&Detail> {
        self.courses[node.index()].detail.map(|place| &self.details[index(place)])
    }

    /// Whether any entry of a node with conditions goes to that side.
    pub(crate) fn has_share(&self, node: NodeIx, side: Option<bool>) -> bool {
        self.detail(node).is_some_and(|detail| detail.sides.any(side))
    }

    pub(crate) fn detail_mut(&mut self, node: NodeIx) -> &mut Detail {
        let place = *self.courses[node.index()].detail.get_or_insert_with(|| {
            self.details.push(Detail::default());
            let count = u32::try_from(self.details.len()).ok().and_then(NonZeroU32::new);
            count.expect("a node has one detail, and nodes are counted in 32 bits")
        });
        &mut self.details[index(place)]
    }
}

/// Places are counted from 1, so that no place takes no room.
const fn index(place: NonZeroU32) -> usize {
    place.get() as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_half_a_cache_line_of_a_run() {
        assert_eq!(size_of::<State>() + size_of::<Course>(), 8 + 24);
    }
}
