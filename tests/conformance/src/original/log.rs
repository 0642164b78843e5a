//! The log of a run in the model.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::run::Raised;

/// The lines in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Log(Vec<Line>);

#[derive(Clone)]
struct Line {
    step: String,
    message: String,
}

impl Log {
    pub(super) fn new() -> Self {
        let mut log = Self::default();
        log.add("1", "system starting up for run_id: <run>");
        log
    }

    pub(super) fn add(&mut self, step: &str, message: &str) {
        self.0.push(Line { step: step.to_owned(), message: message.to_owned() });
    }

    /// Raises when a step is no integer.
    pub(super) fn check_integers(&self) -> Result<(), Raised> {
        if self.0.iter().all(|line| integer(&line.step).is_some()) { Ok(()) } else { Err(Raised) }
    }

    /// The step of the line that is last in wire order.
    pub(super) fn last_step(&self) -> String {
        self.in_order().last().map(|line| line.step.clone()).unwrap_or_default()
    }

    /// The lines as the wire shows them.
    pub(super) fn sorted(&self) -> Vec<Value> {
        self.in_order().iter().map(|line| json!({"step": line.step, "message": line.message})).collect()
    }

    /// By step, integers by value before others by their first line; within a step as they came.
    fn in_order(&self) -> Vec<&Line> {
        let mut first = BTreeMap::new();
        for (place, line) in self.0.iter().enumerate() {
            first.entry(&line.step).or_insert(place);
        }
        let mut lines: Vec<&Line> = self.0.iter().collect();
        lines.sort_by_key(|line| match integer(&line.step) {
            Some(step) => (0, step, 0),
            None => (1, 0, first[&line.step]),
        });
        lines
    }
}

pub(super) fn integer(step: &str) -> Option<i128> {
    step.trim().parse().ok()
}
