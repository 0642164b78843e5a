//! What runs reach of a flow: its nodes, its edges, and both results of its conditions.

use std::collections::BTreeSet;

use flowrun_core::{NodeIx, Plan, Record};
use serde::Serialize;

/// What was reached of what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reached {
    /// How many were reached.
    pub reached: usize,
    /// How many there are.
    pub total: usize,
}

impl Reached {
    /// From 0 to 100; 100 where there is nothing to reach.
    #[must_use]
    pub fn percent(self) -> f64 {
        if self.total == 0 { 100.0 } else { self.reached as f64 * 100.0 / self.total as f64 }
    }

    fn plus(self, other: Self) -> Self {
        Self { reached: self.reached + other.reached, total: self.total + other.total }
    }
}

/// What was reached of one flow, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// Nodes that had their turn.
    pub nodes: Reached,
    /// Edges that started their target, or let it start.
    pub edges: Reached,
    /// True and false results of conditions, two for each node that has some.
    pub conditions: Reached,
    /// What was not reached, such as `edge 1 -> 2`; the first of them.
    pub missing: Vec<String>,
}

impl Coverage {
    /// All three as one, from 0 to 100.
    #[must_use]
    pub fn percent(&self) -> f64 {
        self.nodes.plus(self.edges).plus(self.conditions).percent()
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let missing = self.missing.iter().chain(&other.missing).take(MISSING).cloned();
        Self {
            nodes: self.nodes.plus(other.nodes),
            edges: self.edges.plus(other.edges),
            conditions: self.conditions.plus(other.conditions),
            missing: missing.collect(),
        }
    }
}

/// Things that are named because they were not reached.
const MISSING: usize = 100;

/// Follows runs of one plan.
#[derive(Debug)]
pub(super) struct Tracker {
    nodes: Vec<bool>,
    edges: Vec<bool>,
    /// Results of conditions, over all runs.
    results: BTreeSet<(NodeIx, bool)>,
    run: ThisRun,
}

/// What is known of the run under way.
#[derive(Debug, Default)]
struct ThisRun {
    reached: Vec<bool>,
    ended: Vec<bool>,
    results: BTreeSet<(NodeIx, bool)>,
}

impl Tracker {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            nodes: vec![false; plan.node_count()],
            edges: vec![false; plan.edges().len()],
            results: BTreeSet::new(),
            run: ThisRun::default(),
        }
    }

    /// Begins another run.
    pub(super) fn begin(&mut self) {
        let nothing = || vec![false; self.nodes.len()];
        self.run = ThisRun { reached: nothing(), ended: nothing(), results: BTreeSet::new() };
    }

    /// Takes in one record of the run.
    pub(super) fn see(&mut self, record: &Record) {
        match record {
            Record::AttemptStarted { node, .. } | Record::EmptyReached { node, .. } => {
                self.run.reached[node.index()] = true;
            }
            Record::NothingToSend { node } => {
                self.run.reached[node.index()] = true;
                self.run.ended[node.index()] = true;
            }
            Record::NodeEnded { node, .. } => self.run.ended[node.index()] = true,
            Record::Judged { node, side: Some(side), .. } => {
                self.run.results.insert((*node, *side));
            }
            // The rest decides nothing about what was reached.
            _ => {}
        }
    }

    /// Adds the run to what was reached. An edge was if its target had its turn and its source had a hand in
    /// it: a target has its turn only when every source is done.
    pub(super) fn finish(&mut self, plan: &Plan) {
        for (sum, reached) in self.nodes.iter_mut().zip(&self.run.reached) {
            *sum |= reached;
        }
        for (sum, &(source, target)) in self.edges.iter_mut().zip(plan.edges()) {
            let lets = plan.conditions(source).is_none()
                || plan
                    .node(target)
                    .start_if()
                    .is_some_and(|side| self.run.results.contains(&(source, side)));
            *sum |= self.run.reached[target.index()] && self.run.ended[source.index()] && lets;
        }
        self.results.append(&mut self.run.results);
    }

    pub(super) fn coverage(&self, plan: &Plan) -> Coverage {
        let mut missing = Vec::new();
        let mut miss = |what: String| {
            if missing.len() < MISSING {
                missing.push(what);
            }
        };
        for (place, _) in self.nodes.iter().enumerate().filter(|(_, reached)| !**reached) {
            miss(format!("node {}", plan.node_id(NodeIx::new(place))));
        }
        for (&(source, target), _) in plan.edges().iter().zip(&self.edges).filter(|(_, reached)| !**reached) {
            miss(format!("edge {} -> {}", plan.node_id(source), plan.node_id(target)));
        }
        let mut conditions = 0;
        for node in (0..plan.node_count()).map(NodeIx::new).filter(|&node| plan.conditions(node).is_some()) {
            conditions += 2;
            for side in [true, false].into_iter().filter(|&side| !self.results.contains(&(node, side))) {
                miss(format!("conditions of node {} are {side}", plan.node_id(node)));
            }
        }
        let count =
            |all: &[bool]| Reached { reached: all.iter().filter(|it| **it).count(), total: all.len() };
        Coverage {
            nodes: count(&self.nodes),
            edges: count(&self.edges),
            conditions: Reached { reached: self.results.len(), total: conditions },
            missing,
        }
    }
}
