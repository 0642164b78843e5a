//! What must hold of a journal and of the calls it led to, whatever the flow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flowrun_core::{Attempt, ErrorClass, NodeIx, NodeStatus, Record, Task, Timestamp};

use super::drawing::Drawing;
use super::finding::Broken;

/// The first wait of a run, a second, less what it may be shorter by.
const SHORTEST_WAIT: Duration = Duration::from_millis(800);

/// Lines that a run writes of an attempt by itself, and of what comes late from it, at most.
const OWN_LINES: usize = 12;

/// Records of objects that an attempt leads to, at most: two of each, however often it speaks of them, and those that
/// end with it.
const OBJECT_LINES: usize = 16;

/// Reads a journal line by line.
#[derive(Debug, Default)]
pub(super) struct Journaled {
    nodes: BTreeMap<NodeIx, Seen>,
    is_over: bool,
}

/// What a journal says of a node.
#[derive(Debug)]
struct Seen {
    visit: u32,
    at_work: Option<Attempt>,
    has_started: bool,
    has_ended: bool,
    is_skipped: bool,
    /// An attempt of the visit failed, and another one followed.
    has_failed: bool,
    /// Nobody knows whether an attempt of the visit had its effect.
    is_unsure: bool,
    not_before: Option<Timestamp>,
    /// Attempts of all its visits, and the lines and records of objects they led to.
    attempts: usize,
    lines: usize,
    object_lines: usize,
    /// How long that wait is.
    wait: Duration,
}

impl Journaled {
    /// Takes the next record.
    pub(super) fn take(&mut self, drawing: &Drawing, at: Timestamp, record: &Record) -> Result<(), Broken> {
        if self.is_over && !matches!(record, Record::Rerun { .. } | Record::Judged { .. }) {
            return Err(Broken::new("nothing follows the end of a run", format!("{record:?}")));
        }
        match record {
            Record::RunEnded { .. } => self.is_over = true,
            Record::Rerun { nodes, .. } => {
                self.is_over = false;
                nodes.iter().for_each(|&node| self.seen(node).begin_visit());
            }
            Record::AttemptStarted { node, attempt, possible_duplicate, .. } => {
                self.start(at, *node, *attempt)?;
                let may_repeat = self.seen(*node).is_unsure && drawing.nodes[node.index()].kind.has_effect();
                if *possible_duplicate != may_repeat {
                    return Err(Broken::new("what may repeat an effect says so", format!("{record:?}")));
                }
            }
            Record::RetryScheduled { node, not_before, class, .. } => {
                if *not_before < at.after(SHORTEST_WAIT) {
                    return Err(Broken::new("nothing is tried again at once", format!("{record:?}")));
                }
                let wait = not_before.as_micros() - at.as_micros();
                let seen = self.seen(*node);
                (seen.at_work, seen.not_before, seen.has_failed) = (None, Some(*not_before), true);
                seen.wait = Duration::from_micros(wait.unsigned_abs());
                seen.is_unsure |= matches!(class, ErrorClass::Timeout | ErrorClass::Unknown);
            }
            Record::AttemptLost { node, .. } | Record::NodeHeld { node, .. } => {
                let seen = self.seen(*node);
                (seen.at_work, seen.is_unsure) = (None, true);
            }
            Record::NodeEnded { node, .. } | Record::NothingToSend { node } => {
                let seen = self.seen(*node);
                let is_flaky = matches!(record, Record::NodeEnded { flaky: true, .. });
                let has_passed = !matches!(record, Record::NodeEnded { status: NodeStatus::Failed, .. });
                if is_flaky != (has_passed && seen.has_failed) {
                    return Err(Broken::new(
                        "what passed in the end and failed before says so",
                        format!("{record:?}"),
                    ));
                }
                if seen.has_ended {
                    return Err(Broken::new("a node ends once in a visit", format!("{record:?}")));
                }
                (seen.at_work, seen.has_started, seen.has_ended) = (None, true, true);
            }
            Record::Logged { node, .. } | Record::Late { node, .. } | Record::Objects { node, .. } => {
                let seen = self.seen(*node);
                let is_of_objects = matches!(record, Record::Objects { .. });
                *(if is_of_objects { &mut seen.object_lines } else { &mut seen.lines }) += 1;
                let most = drawing.limits.log_lines + OWN_LINES * (seen.attempts + 1);
                if seen.lines > most || seen.object_lines > OBJECT_LINES * (seen.attempts + 1) {
                    let what = format!(
                        "{} and {} in {} attempts of node {}",
                        seen.lines,
                        seen.object_lines,
                        seen.attempts,
                        node.index()
                    );
                    return Err(Broken::new("a journal grows with the work, not with the talk", what));
                }
            }
            Record::NodeDue { node, .. } | Record::SlotRequested { node, .. } => {
                self.wait_is_over(at, *node)?
            }
            // A wait that a wrong clock set is no longer than it was by that one.
            Record::Recovered { .. } => {
                for seen in self.nodes.values_mut() {
                    seen.not_before = seen.not_before.map(|time| time.min(at.after(seen.wait)));
                }
            }
            Record::NodeSkipped { node } => self.seen(*node).is_skipped = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether the journal says that the node is not going to start.
    pub(super) fn is_skipped(&self, node: NodeIx) -> bool {
        self.nodes.get(&node).is_some_and(|seen| seen.is_skipped)
    }

    fn start(&mut self, at: Timestamp, node: NodeIx, attempt: Attempt) -> Result<(), Broken> {
        let seen = self.seen(node);
        let what = || format!("attempt {attempt} of node {} started: {seen:?}", node.index());
        if seen.has_ended {
            return Err(Broken::new("a node that is done does not start again in its visit", what()));
        }
        if seen.at_work.is_some() {
            return Err(Broken::new("a node has one attempt at work", what()));
        }
        // The key of an effect is made of the visit: all attempts of one have the same.
        if attempt.visit() != seen.visit {
            return Err(Broken::new("a visit has one idempotency key", what()));
        }
        (seen.at_work, seen.has_started) = (Some(attempt), true);
        seen.attempts += 1;
        self.wait_is_over(at, node)
    }

    /// The node has its turn, or could have.
    fn wait_is_over(&mut self, at: Timestamp, node: NodeIx) -> Result<(), Broken> {
        let seen = self.seen(node);
        if seen.not_before.take().is_some_and(|not_before| at < not_before) {
            let what = format!("node {} goes on: {seen:?}", node.index());
            return Err(Broken::new("no attempt starts before its time", what));
        }
        Ok(())
    }

    fn seen(&mut self, node: NodeIx) -> &mut Seen {
        self.nodes.entry(node).or_insert_with(|| Seen::new(1))
    }
}

impl Seen {
    const fn new(visit: u32) -> Self {
        Self {
            visit,
            at_work: None,
            has_started: false,
            has_ended: false,
            is_skipped: false,
            has_failed: false,
            is_unsure: false,
            not_before: None,
            attempts: 0,
            lines: 0,
            object_lines: 0,
            wait: Duration::ZERO,
        }
    }

    fn begin_visit(&mut self) {
        let Self { attempts, lines, object_lines, .. } = *self;
        let visit = self.visit + u32::from(self.has_started);
        *self = Self { attempts, lines, object_lines, ..Self::new(visit) };
    }
}

/// What the world outside saw: the calls of executors. It outlives every process.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    called: BTreeSet<(NodeIx, Attempt)>,
    /// The objects of a visit, as far as calls had them.
    objects: BTreeMap<(NodeIx, u32), BTreeSet<String>>,
}

impl Ledger {
    /// An executor is called.
    pub(super) fn call(&mut self, node: NodeIx, task: &Task) -> Result<(), Broken> {
        let what = || format!("node {}: {task:?}", node.index());
        if !self.called.insert((node, task.attempt())) {
            return Err(Broken::new("an attempt is one call", what()));
        }
        let track = |object: &flowrun_core::TaskObject| object.entry.track_id.as_deref().map(str::to_owned);
        let objects: BTreeSet<String> = task.objects().iter().filter_map(track).collect();
        let known = self.objects.entry((node, task.attempt().visit())).or_default();
        // What is done already is not handed over again; what is new would be an effect under another key.
        if objects.is_superset(known) {
            *known = objects;
        } else if !objects.is_subset(known) {
            return Err(Broken::new("a visit has one idempotency key for each object", what()));
        }
        Ok(())
    }
}
