//! What comes past a limit. Who sends it decides how often, so it must not make a line each time: the first one
//! does, and from then on it is counted. How many there were is told when the attempt ends, and of what comes from
//! attempts that are over, each time it has become twice as much.
//!
//! What was counted since it was last told is the one thing that a run knows and its journal does not: it dies with the
//! process, as the attempt does, and nothing is decided by it.

use std::collections::BTreeMap;

use super::{Record, Run};
use crate::model::{Attempt, NodeIx, Timestamp};

/// How many times an executor may speak of its objects, for each one that a node may have. Most do two or three
/// times: when they begin with it, when they are done, and when they know more.
const REPORTS_AN_OBJECT: usize = 16;

/// A node of few objects may be told of often all the same.
const FEWEST_REPORTS: usize = 1_000;

/// How many reported entries are kept of an attempt whose node may have so many objects.
pub(super) const fn most_reports(max_objects: usize) -> usize {
    let most = max_objects.saturating_mul(REPORTS_AN_OBJECT);
    if most < FEWEST_REPORTS { FEWEST_REPORTS } else { most }
}

/// What came past the limits of nodes. Most runs have none.
#[derive(Debug, Default)]
pub(super) struct Excess(BTreeMap<NodeIx, Counts>);

/// What came past the limits of one node.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Objects of this attempt that were more than the node may have. Only counted: what is dropped is no change
    /// of the run.
    pub(super) objects: u64,
    /// Entries of this attempt that were reported once too often.
    pub(super) reports: u64,
    /// Lines of this attempt that were more than the node may have.
    pub(super) lines: u64,
    /// How much came from attempts that were over, as the journal says.
    late: u64,
    /// The same, with what came since.
    late_seen: u64,
}

impl Excess {
    pub(super) fn of(&mut self, node: NodeIx) -> &mut Counts {
        self.0.entry(node).or_default()
    }

    /// A line of the journal says how much came late.
    pub(super) fn keep_late(&mut self, node: NodeIx, count: u64) {
        let counts = self.of(node);
        (counts.late, counts.late_seen) = (count, counts.late_seen.max(count));
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Run {
    /// Two attempts can overlap for a moment: the deadline passed while the first was already returning. The newer one
    /// counts; what the other one says is kept for the audit and changes nothing.
    pub(super) fn note_late(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) {
        let counts = self.excess.of(node);
        counts.late_seen += 1;
        let count = counts.late_seen;
        if count >= counts.late.saturating_mul(2) {
            self.put(at, Record::Late { node, attempt, count });
        }
    }

    /// An attempt of the node is over: says how much was dropped of what it said, where that was more than one.
    #[inline]
    pub(super) fn tell_dropped(&mut self, at: Timestamp, node: NodeIx) {
        if !self.excess.is_empty() {
            self.tell_counts(at, node);
        }
    }

    fn tell_counts(&mut self, at: Timestamp, node: NodeIx) {
        let Some(counts) = self.excess.0.get_mut(&node) else { return };
        let Counts { objects, reports, lines, .. } = *counts;
        (counts.objects, counts.reports, counts.lines) = (0, 0, 0);
        let limits = &self.spec.policy;
        let told = [
            (objects, limits.max_objects, "objects"),
            (reports, most_reports(limits.max_objects), "reports of objects"),
            (lines, limits.max_log_lines, "log lines"),
        ];
        for (count, limit, what) in told {
            if count > 1 {
                self.log(at, node, &format!("more than {limit} {what}: {count} were dropped"));
            }
        }
    }
}
