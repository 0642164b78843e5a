//! What has to be true of a store and of the ledger, whatever was killed when.
//!
//! | | |
//! | --- | --- |
//! | I1 | a run whose start was acknowledged is there |
//! | I2 | journals have no gap, and their hashes fit |
//! | I3 | an attempt ends at most once, and a node has at most one open attempt |
//! | I4 | no attempt of a visit follows the end of its node |
//! | I5 | every effect outside belongs to an attempt in the journal |
//! | I6 | all effects for one object of a node visit carry one key, in attempts of rising numbers |
//! | I7 | there are no more of them than one, the retries, and the kills |
//! | I8 | a node starts after the nodes above it, and another attempt after the wait for it |
//! | I9 | the journal, read from nothing, gives what is stored beside it |
//! | I10 | in the end the run is as it would have been without a kill |
//! | I11 | no file holds the value of a secret in any spelling |
//! | I12 | when nothing is killed any more, everything ends |
//!
//! Here are those that hold at any moment; I10 and I12 are looked at when a case is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowrun::{
    Attempt, Flow, JournalLine, NodeIx, Plan, Record, Run, RunFilter, RunSummary, Store as _, StoredRun,
    TaskTypes, Timestamp,
};
use flowrun_store::{SqliteOptions, SqliteStore};

use crate::ledger::Effect;
use crate::place::{Place, SECRET};

/// What is not as it has to be, each beginning with the number of the invariant.
pub(crate) type Violations = Vec<String>;

/// Looks at everything that a case has left behind so far.
pub(crate) fn violations(place: &Place<'_>) -> Violations {
    let copy = place.copy();
    let mut found = Vec::new();
    found.extend(
        copy.spellings_of(SECRET).into_iter().map(|how| format!("I11: a file holds the secret {how}")),
    );
    let effects = place.effects();
    let store = match SqliteOptions::new(copy.store()).create(false).open() {
        Ok(store) => store,
        // Killed before there was a store: then nothing was acknowledged and nothing done.
        Err(flowrun_store::OpenError::Missing(_)) if place.acked.is_empty() && effects.is_empty() => {
            return found;
        }
        Err(error) => {
            found.push(format!("I2: the store does not open: {error}"));
            return found;
        }
    };
    found.extend(
        store.verify().expect("the copy can be read").problems.into_iter().map(|what| format!("I2: {what}")),
    );
    let runs = store.runs(&RunFilter::default()).expect("the copy can be read");
    for run in &place.acked {
        let is_there = runs.iter().any(|stored| stored.id.to_string() == *run);
        if !is_there && !place.may_be_gone {
            found.push(format!("I1: run {run} was acknowledged and is gone"));
        }
    }
    if runs.is_empty() && !effects.is_empty() && !place.may_be_gone {
        found.push(format!("I5: {} effects, and no run is stored", effects.len()));
    }
    for run in &runs {
        found.extend(of_run(&store, run, &effects, place.kills));
    }
    found
}

/// Looks at one run. There is one run a case, so all effects are its own.
pub(crate) fn of_run(
    store: &SqliteStore,
    summary: &RunSummary,
    effects: &[Effect],
    kills: u32,
) -> Violations {
    let (StoredRun { new, lines, .. }, _journal) = store.open(summary.id).expect("the copy can be read");
    let flow = Flow::from_json(Arc::clone(&new.flow)).expect("the flow was admitted");
    let plan = Arc::new(Plan::new(&flow, &TaskTypes::documented()).expect("the flow was admitted"));
    let mut found = Vec::new();
    if lines.iter().zip(1..).any(|(line, seq)| line.seq != seq) {
        found.push("I2: the journal has a gap".to_owned());
    }
    let history = History::of(&lines, &plan, &mut found);
    history.fits_the_ledger(effects, &plan, kills, &mut found);
    match Run::replay(plan, new.spec, lines.iter().map(|line| (line.at, &line.record))) {
        Ok(run) if run.status() == summary.status => {}
        Ok(run) => found.push(format!("I9: the journal says {}, the state {}", run.status(), summary.status)),
        Err(error) => found.push(format!("I9: {error}")),
    }
    found
}

/// What a journal says of attempts.
#[derive(Default)]
struct History {
    attempts: BTreeMap<NodeIx, BTreeSet<u32>>,
    retries: BTreeMap<NodeIx, u32>,
    /// Before when the next attempt may not start.
    waits: BTreeMap<NodeIx, Timestamp>,
}

impl History {
    fn of(lines: &[JournalLine], plan: &Plan, found: &mut Violations) -> Self {
        let mut history = Self::default();
        let mut open: BTreeMap<NodeIx, Attempt> = BTreeMap::new();
        let mut decided: BTreeSet<NodeIx> = BTreeSet::new();
        for JournalLine { seq, at, record } in lines {
            match record {
                Record::AttemptStarted { node, attempt, .. } => {
                    history.attempts.entry(*node).or_default().insert(attempt.number());
                    if open.insert(*node, *attempt).is_some() {
                        found.push(format!("I3: line {seq} starts an attempt beside another"));
                    }
                    if history.waits.remove(node).is_some_and(|not_before| *at < not_before) {
                        found.push(format!("I8: line {seq} starts an attempt before its wait is over"));
                    }
                    if decided.contains(node) {
                        found.push(format!("I4: line {seq} starts a node that is done"));
                    }
                    if plan.parents(*node).iter().any(|parent| !decided.contains(parent)) {
                        found.push(format!("I8: line {seq} starts a node before those above it"));
                    }
                }
                Record::AttemptLost { node, attempt } => {
                    let lost = open.remove(node);
                    if lost != Some(*attempt) {
                        found.push(format!("I3: line {seq} loses an attempt, at work is {lost:?}"));
                    }
                }
                Record::RetryScheduled { node, not_before, .. } => {
                    history.waits.insert(*node, *not_before);
                    *history.retries.entry(*node).or_default() += 1;
                    open.remove(node);
                }
                Record::NodeEnded { node, .. } => {
                    // One that waited for another attempt has none open.
                    open.remove(node);
                    if !decided.insert(*node) {
                        found.push(format!("I3: line {seq} ends a node once more"));
                    }
                }
                Record::NothingToSend { node }
                | Record::NodeSkipped { node }
                | Record::EmptyReached { node, .. } => {
                    decided.insert(*node);
                }
                Record::Rerun { nodes, .. } => {
                    for node in nodes {
                        decided.remove(node);
                    }
                }
                _ => {}
            }
        }
        history
    }

    fn fits_the_ledger(&self, effects: &[Effect], plan: &Plan, kills: u32, found: &mut Violations) {
        let mut seen: BTreeMap<(&str, &str), Vec<&Effect>> = BTreeMap::new();
        for effect in effects {
            seen.entry((&effect.node, &effect.object)).or_default().push(effect);
        }
        for ((id, object), effects) in seen {
            let keys: BTreeSet<&str> = effects.iter().map(|effect| effect.key.as_str()).collect();
            let count = u32::try_from(effects.len()).expect("a case is short");
            let node = plan.find(id).expect("the ledger is called by nodes of the flow");
            let written = |effect: &&Effect| {
                self.attempts.get(&node).is_some_and(|attempts| attempts.contains(&effect.attempt))
            };
            if let Some(effect) = effects.iter().find(|effect| !written(effect)) {
                found.push(format!("I5: attempt {} of node {id} is in no journal", effect.attempt));
            }
            if keys.len() != 1 || keys.contains("") {
                found.push(format!("I6: node {id} used {} keys for {object}", keys.len()));
            }
            let attempts: Vec<u32> = effects.iter().map(|effect| effect.attempt).collect();
            if attempts.windows(2).any(|pair| pair[0] >= pair[1]) {
                found.push(format!("I6: the attempts of node {id} for {object} were {attempts:?}"));
            }
            let retries = self.retries.get(&node).copied().unwrap_or_default();
            if count > 1 + retries + kills {
                let when: Vec<_> = effects.iter().map(|effect| effect.at).collect();
                found.push(format!("I7: node {id} had {count} effects after {kills} kills, at {when:?}"));
            }
        }
    }
}
