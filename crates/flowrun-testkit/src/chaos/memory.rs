//! What an onlooker remembers of a run: every line that was decided, and what has to follow from them.
//!
//! When a process dies, decisions that reached no disk have never been. The onlooker forgets them, and has the
//! model begin anew with those that are left.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun_core::{Attempt, Event, NodeIx, ObjectStatus, Plan, Record, Run, RunId, RunSpec, Timestamp};
use flowrun_store::JournalLine;

use super::drawing::Drawing;
use super::finding::Broken;
use super::model::{Model, Told};
use super::sabotage::Sabotage;
use super::witness::Journaled;

/// Bytes of a line without what is said too much of an object: it has a few objects, of which little is known.
const LONGEST_LINE: usize = 8_000;

/// What happened to a run so far, as far as it is not lost.
pub(super) struct Memory<'a> {
    drawing: &'a Drawing,
    run: RunId,
    sabotage: Option<Sabotage>,
    model: Model<'a>,
    journaled: Journaled,
    /// The lines of the journal, each as it is on a disk.
    lines: Vec<String>,
    decisions: Vec<Decided>,
    /// How many lines the driver was told are written.
    acknowledged: usize,
    /// How many lines were found on the disk as they were written. They are not looked at again.
    found: usize,
    /// How long the journal has to be before an attempt may be called.
    intents: BTreeMap<(NodeIx, Attempt), usize>,
    /// Whether the last look at the disk found everything that was decided.
    is_whole: bool,
}

/// Events that were decided together.
struct Decided {
    at: Timestamp,
    events: Vec<Event>,
    told: Told,
    /// How long the journal is with it.
    lines: usize,
}

impl<'a> Memory<'a> {
    pub(super) fn new(drawing: &'a Drawing, run: RunId, sabotage: Option<Sabotage>) -> Self {
        Self {
            drawing,
            run,
            sabotage,
            model: Model::new(drawing, run.to_string()),
            journaled: Journaled::default(),
            lines: Vec::new(),
            decisions: Vec::new(),
            acknowledged: 0,
            found: 0,
            intents: BTreeMap::new(),
            is_whole: true,
        }
    }

    /// How many lines are known to be written.
    pub(super) const fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    /// How many lines were decided.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The journal, a line each.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// Whether what the last process left behind is being seen to, and not known to be written yet.
    pub(super) fn is_recovering(&self) -> bool {
        let last = self.decisions.last();
        last.is_some_and(|last| {
            matches!(last.events[..], [Event::Recovered { .. }]) && last.lines > self.acknowledged
        })
    }

    /// The driver was told that so many lines are written.
    pub(super) fn acknowledge(&mut self, lines: usize) {
        self.acknowledged = lines;
    }

    /// Takes a decision, and compares what the run makes of it with what the model does.
    pub(super) fn take(
        &mut self,
        at: Timestamp,
        events: Vec<Event>,
        records: &[Record],
        run: &Run,
    ) -> Result<(), Broken> {
        for record in records {
            self.journaled.take(self.drawing, at, record)?;
            let text = line(at, record);
            let most = self.drawing.limits.facts_bytes.map_or(usize::MAX, |facts| LONGEST_LINE + facts);
            if text.len() > most {
                let what = format!("one has {} bytes: {:.200}…", text.len(), text);
                return Err(Broken::new("no line is larger than what may be said", what));
            }
            self.lines.push(text);
        }
        let (lines, told) = (self.lines.len(), Told::of(records));
        self.intents.extend(told.started.iter().map(|&started| (started, lines)));
        self.tell_model(at, &events, &told)?;
        self.decisions.push(Decided { at, events, told, lines });
        self.compare_statuses(run)
    }

    fn compare_statuses(&self, run: &Run) -> Result<(), Broken> {
        let disagree = |what| Broken::new("run and model agree", what);
        for node in 0..self.drawing.nodes.len() {
            let (is, should_be) = (run.node_status(NodeIx::new(node)), self.model.node_status(node));
            if is != should_be {
                return Err(disagree(format!("node {node} is {is}, and should be {should_be}")));
            }
        }
        if run.status() != self.model.status() {
            return Err(disagree(format!(
                "the run is {}, and should be {}",
                run.status(),
                self.model.status()
            )));
        }
        if run.is_paused() != self.model.is_paused() {
            let (is, should_be) = (run.is_paused(), self.model.is_paused());
            return Err(disagree(format!("the run is paused: {is}, and should be: {should_be}")));
        }
        let most = self.drawing.limits.max_concurrent.map_or(usize::MAX, |most| most as usize);
        let working = run.working().count();
        if working > most {
            let what = format!("{working} attempts work, and {most} may");
            return Err(Broken::new("no more attempts work than may", what));
        }
        let last_chances = self.model.last_chances();
        if last_chances > 1 {
            let what = format!("{last_chances} attempts work that are the last ones of their nodes");
            return Err(Broken::new("last chances have their turn one at a time", what));
        }
        Ok(())
    }

    /// Compares what else can be seen of a run that is over.
    pub(super) fn judge_end(&self, run: &Run) -> Result<(), Broken> {
        let disagree = |what| Err(Broken::new("run and model agree", what));
        for node in 0..self.drawing.nodes.len() {
            let ix = NodeIx::new(node);
            if self.journaled.is_skipped(ix) != self.model.is_skipped(node) {
                return disagree(format!("node {node} is skipped for one of them"));
            }
            let entries = run.objects(ix).iter();
            let is: Vec<_> =
                entries.map(|entry| (entry.id.as_deref().unwrap_or_default(), entry.status)).collect();
            let objects = self.model.objects(node).iter();
            let should_be: Vec<_> = objects.map(|object| (&*object.id, object.status)).collect();
            if is != should_be {
                return disagree(format!("node {node} has {is:?}, and should have {should_be:?}"));
            }
        }
        Ok(())
    }

    /// An executor is about to be called with these objects, while so many lines are on the disk.
    pub(super) fn judge_call(
        &self,
        (node, attempt): (NodeIx, Attempt),
        objects: &[&str],
        on_disk: usize,
    ) -> Result<(), Broken> {
        if self.intents.get(&(node, attempt)).is_none_or(|lines| *lines > on_disk) {
            let what = format!("attempt {attempt} of node {} is called, and no disk knows", node.index());
            return Err(Broken::new("nothing is performed that is not written", what));
        }
        let should_be = self.should_be_handed(node.index());
        if objects != should_be {
            let what = format!("node {} is handed {objects:?}, and should be {should_be:?}", node.index());
            return Err(Broken::new("run and model agree", what));
        }
        Ok(())
    }

    /// A receiver is handed what it has not done yet, others what the nodes above have.
    fn should_be_handed(&self, node: usize) -> Vec<String> {
        if !self.drawing.nodes[node].kind.is_receiver() {
            return self.model.handed(node);
        }
        let objects = self.model.objects(node).iter();
        let left = objects.filter(|object| object.status == ObjectStatus::Working);
        left.map(|object| object.id.clone()).collect()
    }

    /// The disk knows nothing of the run.
    pub(super) fn forget(&mut self) -> Result<(), Broken> {
        if self.acknowledged > 0 {
            return Err(lost(self.acknowledged, 0));
        }
        *self = Self::new(self.drawing, self.run, self.sabotage);
        Ok(())
    }

    /// Sees whether a disk has all that was acknowledged, and nothing else; forgets what it has not.
    pub(super) fn compare(&mut self, lines: Vec<JournalLine>) -> Result<Vec<(Timestamp, Record)>, Broken> {
        let count = lines.len();
        if count < self.acknowledged {
            return Err(lost(self.acknowledged, count));
        }
        for (place, stored) in lines.iter().enumerate().skip(self.found) {
            let is = line(stored.at, &stored.record);
            if stored.seq != place as u64 + 1 || self.lines.get(place) != Some(&is) {
                return Err(Broken::new("a disk has what was written", format!("line {}: {is}", stored.seq)));
            }
        }
        if count > 0 && self.decisions.iter().all(|decided| decided.lines != count) {
            let what = format!("{count} lines end in the middle of a decision");
            return Err(Broken::new("a decision is written whole or not at all", what));
        }
        self.is_whole = count == self.lines.len();
        (self.acknowledged, self.found) = (count, count);
        self.lines.truncate(count);
        let kept = self.decisions.partition_point(|decided| decided.lines <= count);
        if kept < self.decisions.len() {
            self.decisions.truncate(kept);
            self.intents.retain(|_, lines| *lines <= count);
            self.remember(&lines)?;
        }
        Ok(lines.into_iter().map(|line| (line.at, line.record)).collect())
    }

    /// Begins anew with what is left.
    fn remember(&mut self, lines: &[JournalLine]) -> Result<(), Broken> {
        self.journaled = Journaled::default();
        lines.iter().try_for_each(|line| self.journaled.take(self.drawing, line.at, &line.record))?;
        self.model = Model::new(self.drawing, self.run.to_string());
        let decisions = std::mem::take(&mut self.decisions);
        decisions
            .iter()
            .try_for_each(|decided| self.tell_model(decided.at, &decided.events, &decided.told))?;
        self.decisions = decisions;
        Ok(())
    }

    /// Tells the model of events that were decided together, and of the attempts that started then.
    fn tell_model(&mut self, at: Timestamp, events: &[Event], told: &Told) -> Result<(), Broken> {
        let mut left = told.clone();
        self.model.pass_time(at);
        events.iter().for_each(|event| self.model.take(event, &mut left));
        if !told.has_lines {
            self.model.take_back_time();
        }
        let Some((node, attempt)) = left.started.first() else { return Ok(()) };
        let what = format!("attempt {attempt} of node {} started because of {events:?}", node.index());
        Err(Broken::new("nothing starts that may not", what))
    }

    /// The run that wrote these lines; `before` is the one that died.
    pub(super) fn replay(
        &self,
        plan: &Arc<Plan>,
        spec: RunSpec,
        mut lines: Vec<(Timestamp, Record)>,
        before: &Run,
    ) -> Result<Run, Broken> {
        match self.sabotage {
            Some(Sabotage::ReplaysWithoutObjects) => {
                lines.retain(|(_, record)| !matches!(record, Record::Objects { .. }));
            }
            Some(Sabotage::ReplaysWithoutPause) => {
                lines.retain(|(_, record)| !matches!(record, Record::Paused));
            }
            _ => {}
        }
        let run = Run::replay(Arc::clone(plan), spec, lines);
        let run = run.map_err(|error| Broken::new("a journal can be followed", error.to_string()))?;
        if self.is_whole && run.to_json() != before.to_json() {
            let what = format!("{}\ninstead of\n{}", run.to_json(), before.to_json());
            return Err(Broken::new("a journal leads to the run that wrote it", what));
        }
        Ok(run)
    }
}

fn line(at: Timestamp, record: &Record) -> String {
    let record = serde_json::to_string(record).expect("records can be written");
    format!("{} {record}", at.as_micros())
}

fn lost(acknowledged: usize, found: usize) -> Broken {
    let what = format!("{acknowledged} lines were, and {found} are left");
    Broken::new("what is acknowledged is never lost", what)
}
