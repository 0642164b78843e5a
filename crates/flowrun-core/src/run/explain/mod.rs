//! Why nodes ran, were skipped, wait or failed, told from the records of a run.
//!
//! An [`Explainer`] follows a journal as [`Run::replay`](super::Run::replay) does, and keeps which record brought each
//! node where it is. It has no opinion of its own: what a node waits for is read from the run, and why an edge was
//! taken from what the conditions compared. It can be asked after every record.

mod edges;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod value;

use std::sync::Arc;

use super::{Phase, Record, ReplayError, Run, RunSpec, State};
use crate::model::{NodeIx, NodeStatus, ObjectEntry, ObjectStatus, Timestamp};
use crate::plan::Plan;
use trace::Trace;
pub use value::{
    AttemptEnd, AttemptExplanation, EdgeExplanation, EdgeReason, ExplainedState, Explanation,
    JudgedComparison, JudgedObject, NodeExplanation, ObjectRecord, Reason, RunExplanation, Stop,
};

/// Follows the journal of a run and says of each node why it is as it is.
///
/// ```
/// use std::sync::Arc;
/// use flowrun_core::{
///     Event, ExplainedState, Explainer, Flow, NodeSpec, Plan, Run, RunId, RunSpec, Site, TaskTypes, Timestamp,
/// };
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "")).node(NodeSpec::new("2", "scan")).edge("1", "2").build()?;
/// let plan = Arc::new(Plan::new(&flow, &TaskTypes::documented())?);
/// let spec = RunSpec::new(RunId::from_bytes([7; 16]), Timestamp::EPOCH, Site::new("https://example.com"));
/// let mut run = Run::new(Arc::clone(&plan), spec.clone());
/// let journal = run.handle(Timestamp::EPOCH, Event::Started)?.records.to_vec();
///
/// let mut explainer = Explainer::new(plan, spec);
/// for record in &journal {
///     explainer.note(Timestamp::EPOCH, record)?;
/// }
/// let skipped = explainer.explain_node(explainer.plan().find("2").unwrap());
/// assert_eq!(skipped.state, ExplainedState::Skipped);
/// assert_eq!(skipped.text, "`2` was skipped (record 3): `1` above it is empty (record 2).");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Explainer {
    run: Run,
    /// The number of the last record.
    at: u64,
    traces: Vec<Trace>,
    /// What first let nothing new start.
    stop: Option<Stop>,
    /// The record that says that the run is paused.
    paused: u64,
    ended: Option<u64>,
}

impl Explainer {
    /// For a run made of this, of which nothing is known yet.
    #[must_use]
    pub fn new(plan: Arc<Plan>, spec: RunSpec) -> Self {
        let traces = plan.node_ixs().map(|_| Trace::default()).collect();
        Self { run: Run::new(plan, spec), at: 0, traces, stop: None, paused: 0, ended: None }
    }

    /// Takes in the next record of the journal.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] when it does not fit the ones before. Nothing is changed then.
    pub fn note(&mut self, at: Timestamp, record: &Record) -> Result<(), ReplayError> {
        let number = self.at + 1;
        let judged = self.judgement(record);
        let phase = self.run.phase;
        self.run.apply(at, record).map_err(|why| ReplayError { number, why })?;
        self.at = number;
        if let Record::NodeEnded { node, .. } = record
            && phase == Phase::Open
            && self.run.phase == Phase::Failing
        {
            self.stop = Some(Stop::NodeFailed { node: self.id(*node), record: number });
        } else if matches!(record, Record::CancelRequested) {
            self.stop.get_or_insert(Stop::Cancelled { record: number });
        } else if matches!(record, Record::RunTimedOut) {
            self.stop.get_or_insert(Stop::TimedOut { record: number });
        } else if matches!(record, Record::Paused) {
            self.paused = number;
        } else if matches!(record, Record::RunEnded { .. }) {
            self.ended = Some(number);
        } else if let Record::Rerun { nodes, .. } = record {
            (self.stop, self.ended) = (None, None);
            nodes.iter().for_each(|node| self.traces[node.index()] = Trace::default());
        }
        if let Some(node) = record.node() {
            let trace = &mut self.traces[node.index()];
            trace.note(number, record);
            if matches!(record, Record::NodeEnded { .. }) {
                trace.stop = self.stop.clone();
            }
            if let Some(judged) = judged {
                trace.judge(judged);
            }
        }
        Ok(())
    }

    /// The plan of the run.
    #[must_use]
    pub const fn plan(&self) -> &Arc<Plan> {
        self.run.plan()
    }

    /// The run as it stands after the last record.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// Why every node is as it is after the last record.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges), and for each edge the first hundred objects that decided it.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        self.explain_nodes(self.plan().node_ixs())
    }

    /// The same for some nodes, in that order. The flow has to have them.
    ///
    /// # Panics
    ///
    /// When a node is not of this flow.
    #[must_use]
    pub fn explain_nodes(&self, nodes: impl IntoIterator<Item = NodeIx>) -> Explanation {
        let nodes = nodes.into_iter().map(|node| self.explain_node(node)).collect();
        Explanation { at: self.at, run: self.explain_run(), nodes }
    }

    /// A node and those above it that its explanation leads back to: the skipped ones, those that it waits for, and
    /// the one that ended the run; each after the one that named it first.
    ///
    /// # Panics
    ///
    /// When the node is not of this flow.
    #[must_use]
    pub fn chain(&self, node: NodeIx) -> Vec<NodeIx> {
        let mut chain = vec![node];
        let mut known = vec![false; self.plan().node_count()];
        known[node.index()] = true;
        let mut next = 0;
        while let Some(&node) = chain.get(next) {
            next += 1;
            for parent in self.leads_back_to(node) {
                if !std::mem::replace(&mut known[parent.index()], true) {
                    chain.push(parent);
                }
            }
        }
        chain
    }

    fn leads_back_to(&self, node: NodeIx) -> Vec<NodeIx> {
        let state = self.state(node);
        if state == ExplainedState::NotReached {
            return match &self.stop {
                Some(Stop::NodeFailed { node, .. }) => self.plan().find(node).into_iter().collect(),
                Some(Stop::Cancelled { .. } | Stop::TimedOut { .. }) | None => Vec::new(),
            };
        }
        let parents = self.plan().parents(node).iter().copied();
        let is_cause = |parent: &NodeIx| match self.state(*parent) {
            ExplainedState::Skipped => state == ExplainedState::Skipped,
            ExplainedState::Queued | ExplainedState::Working | ExplainedState::Waiting => true,
            ExplainedState::Passed
            | ExplainedState::Failed
            | ExplainedState::Empty
            | ExplainedState::NotReached => false,
        };
        parents.filter(is_cause).collect()
    }

    /// Why one node is as it is after the last record.
    ///
    /// # Panics
    ///
    /// When the node is not of this flow.
    #[must_use]
    pub fn explain_node(&self, node: NodeIx) -> NodeExplanation {
        let trace = &self.traces[node.index()];
        let mut explained = NodeExplanation {
            node: self.id(node),
            state: self.state(node),
            record: trace.decided,
            visit: self.run.detours.first(node).visit(),
            started: trace.started,
            because: self.reasons(node),
            edges: self.plan().parents(node).iter().map(|parent| self.edge(*parent, node)).collect(),
            attempts: trace.attempts.clone(),
            text: String::new(),
        };
        explained.text = text::of_node(&explained);
        explained
    }

    fn explain_run(&self) -> RunExplanation {
        let failed = self.plan().node_ixs().filter(|node| self.state(*node) == ExplainedState::Failed);
        let mut explained = RunExplanation {
            state: self.run.state(),
            stopped: self.stop.clone(),
            ended: self.ended,
            failed: failed.map(|node| self.id(node)).collect(),
            text: String::new(),
        };
        explained.text = text::of_run(&explained, self.at, self.paused);
        explained
    }

    fn state(&self, node: NodeIx) -> ExplainedState {
        let state = self.run.nodes.state(node);
        match state {
            State::Queued { .. } if self.stop.is_some() => ExplainedState::NotReached,
            State::Queued { .. } => ExplainedState::Queued,
            State::Due(_) | State::Asking(_) if !state.has_started() => ExplainedState::Queued,
            State::Working(_) => ExplainedState::Working,
            State::Waiting(_) | State::Due(_) | State::Asking(_) => ExplainedState::Waiting,
            State::Passed { .. } => ExplainedState::Passed,
            State::Failed { .. } => ExplainedState::Failed,
            State::Skipped => ExplainedState::Skipped,
            State::Reached { .. } => ExplainedState::Empty,
        }
    }

    fn reasons(&self, node: NodeIx) -> Vec<Reason> {
        let trace = &self.traces[node.index()];
        match self.run.nodes.state(node) {
            State::Queued { open_edges, .. } => vec![self.why_queued(node, open_edges)],
            State::Due(_) if self.run.is_paused => vec![Reason::Paused { record: self.paused }],
            State::Due(_) => vec![Reason::RunIsFull { most: self.run.spec.policy.max_concurrent }],
            State::Asking(_) => vec![Reason::Slot],
            State::Waiting(_) if self.run.detours.get(node).is_some_and(|detour| detour.is_held) => {
                vec![Reason::Person]
            }
            State::Waiting(_) => vec![trace.retry.clone().unwrap_or(Reason::AboutToStart)],
            State::Working(_) | State::Skipped => Vec::new(),
            State::Reached { .. } => vec![Reason::NoTask],
            State::Passed { .. } if trace.sent_nothing => vec![Reason::NothingToSend],
            State::Passed { .. } if trace.is_flaky => vec![Reason::Flaky],
            State::Passed { .. } => Vec::new(),
            State::Failed { .. } => self.why_failed(node),
        }
    }

    fn why_queued(&self, node: NodeIx, open_edges: u32) -> Reason {
        if self.at == 0 {
            return Reason::RunNotStarted;
        }
        if let Some(stop) = &self.stop {
            return Reason::Stopped { stop: stop.clone() };
        }
        if open_edges == 0 {
            return Reason::AboutToStart;
        }
        let parents = self.plan().parents(node).iter().copied();
        let open = parents.filter(|parent| !self.run.is_decided(*parent));
        Reason::NodesAbove { nodes: open.map(|parent| self.id(parent)).collect() }
    }

    fn why_failed(&self, node: NodeIx) -> Vec<Reason> {
        let trace = &self.traces[node.index()];
        let mut reasons = Vec::new();
        let with = |status| self.run.objects(node).iter().filter(move |entry| entry.status == status);
        let count = with(ObjectStatus::Failed).count();
        if count > 0 {
            let named = with(ObjectStatus::Failed).take(SHOWN).map(|entry| self.object(node, entry));
            reasons.push(Reason::FailedObjects { count, objects: named.collect() });
        }
        let count = with(ObjectStatus::Working).count();
        if count > 0 {
            reasons.push(Reason::UnfinishedObjects { count });
        }
        if self.run.nodes.detail(node).is_some_and(|detail| detail.over_limit) {
            reasons.push(Reason::TooManyObjects { most: self.run.spec.policy.max_objects });
        }
        if let Some((record, message)) = &trace.line {
            reasons.push(Reason::Line { record: *record, message: message.to_string() });
        }
        if reasons.is_empty() {
            reasons.push(Reason::Executor);
        }
        reasons
    }

    fn object(&self, node: NodeIx, entry: &ObjectEntry) -> ObjectRecord {
        let object = name_of(entry);
        let record = self.traces[node.index()].told_of(entry);
        ObjectRecord { object, record }
    }

    fn id(&self, node: NodeIx) -> String {
        self.plan().node_id(node).into_owned()
    }
}

/// So many objects of one kind are named at most.
const SHOWN: usize = 100;

/// The id of an object, or what stands for one.
fn name_of(entry: &ObjectEntry) -> String {
    let names = [&entry.id, &entry.track_id, &entry.source_id];
    names.into_iter().flatten().next().map_or_else(|| "-".to_owned(), |name| name.to_string())
}

/// The status a node ended with.
fn ended_as(state: State) -> Option<NodeStatus> {
    match state {
        State::Passed { .. } => Some(NodeStatus::Passed),
        State::Failed { .. } => Some(NodeStatus::Failed),
        State::Queued { .. }
        | State::Working(_)
        | State::Waiting(_)
        | State::Due(_)
        | State::Asking(_)
        | State::Skipped
        | State::Reached { .. } => None,
    }
}
