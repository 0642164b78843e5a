//! Why edges were taken, and which comparisons decided that.

use super::value::{EdgeExplanation, EdgeReason, JudgedComparison, JudgedObject};
use super::{Explainer, SHOWN, Stop, ended_as, name_of};
use crate::condition::{Evaluation, Seen};
use crate::model::NodeIx;
use crate::run::{Record, State};

impl Explainer {
    /// What conditions say of an object, with the comparisons that decided it. Asked before the record changes the
    /// run: facts may be told anew later. Nothing for those that are only counted.
    pub(super) fn judgement(&self, record: &Record) -> Option<JudgedObject> {
        let Record::Judged { node, entry, side, evaluation } = record else { return None };
        // A record that does not fit is refused afterwards.
        let entry = self
            .run
            .plan
            .conditions(*node)
            .and(self.run.nodes.get(*node))
            .and_then(|_| self.run.objects(*node).get(*entry as usize))?;
        if self.traces[node.index()].side(*side).first.len() >= SHOWN {
            return None;
        }
        let comparisons = match evaluation {
            Some(evaluation) => {
                let conditions = self.run.plan.conditions(*node)?;
                let facts = self.run.facts_of(entry);
                let all = conditions.compare_all(self.run.spec.semantics, facts.as_ref());
                // The journal has the last word. Where it could be read otherwise today, it alone is told.
                let told = if agrees(evaluation, &all) { &all } else { &**evaluation };
                let decisive = conditions.decisive(told);
                let judged = told.comparisons.iter().enumerate().map(|(place, comparison)| {
                    JudgedComparison { comparison: comparison.clone(), decisive: decisive.contains(&place) }
                });
                judged.collect()
            }
            None => Vec::new(),
        };
        Some(JudgedObject { object: name_of(entry), record: self.at + 1, side: *side, comparisons })
    }

    /// Why the edge between the two nodes was taken or not.
    pub(super) fn edge(&self, source: NodeIx, target: NodeIx) -> EdgeExplanation {
        let from = self.id(source);
        let trace = &self.traces[source.index()];
        let record = trace.decided.unwrap_or_default();
        let (taken, why) = match self.run.nodes.state(source) {
            State::Skipped => (Some(false), EdgeReason::Skipped { record }),
            State::Reached { .. } => (Some(false), EdgeReason::Empty { record }),
            State::Passed { too_late: true } | State::Failed { too_late: true } => {
                // Once nodes are done again, an edge that was left open then is dead.
                let taken = if self.stop == trace.stop { None } else { Some(false) };
                let own = || Stop::NodeFailed { node: from.clone(), record };
                (taken, EdgeReason::Stopped { stop: trace.stop.clone().unwrap_or_else(own) })
            }
            state @ (State::Passed { too_late: false } | State::Failed { too_late: false }) => {
                if self.run.plan.info(source).has_conditions {
                    self.by_conditions(source, target, record)
                } else {
                    let status = ended_as(state).unwrap_or_default();
                    (Some(true), EdgeReason::Ended { status, record })
                }
            }
            State::Queued { .. }
            | State::Working(_)
            | State::Waiting(_)
            | State::Due(_)
            | State::Asking(_) => (None, EdgeReason::NotDone { state: self.state(source) }),
        };
        EdgeExplanation { from, taken, why }
    }

    fn by_conditions(&self, source: NodeIx, target: NodeIx, record: u64) -> (Option<bool>, EdgeReason) {
        let trace = &self.traces[source.index()];
        let Some(side) = self.run.plan.info(target).start_if else {
            return (Some(false), EdgeReason::StartIfNull);
        };
        let taken = trace.side(Some(side));
        if taken.count > 0 {
            let objects = taken.first.clone();
            return (Some(true), EdgeReason::Conditions { side, count: taken.count, objects });
        }
        let others = [trace.side(Some(!side)), trace.side(None)];
        let count = others.iter().map(|side| side.count).sum();
        if count == 0 {
            return (Some(false), EdgeReason::NoObjects { record });
        }
        let objects = others.iter().flat_map(|side| &side.first).take(SHOWN).cloned().collect();
        (Some(false), EdgeReason::Conditions { side, count, objects })
    }
}

/// Whether what was recorded can be read from the facts today.
fn agrees(recorded: &Evaluation, all: &Evaluation) -> bool {
    let is_same = |(recorded, now): (&crate::Comparison, &crate::Comparison)| {
        matches!(recorded.seen, Seen::NotReached) || recorded.holds() == now.holds()
    };
    // One that was too large to be recorded has no comparisons.
    recorded.holds == all.holds && recorded.comparisons.iter().zip(&all.comparisons).all(is_same)
}
