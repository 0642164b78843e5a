//! A broken promise, and how to see it again.

use std::fmt;

use super::{Case, Mischief};

/// A promise that a story broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The promise.
    pub promise: &'static str,
    /// What happened instead.
    pub what: String,
}

impl Broken {
    pub(super) fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self { promise, what: what.into() }
    }
}

/// A story that breaks a promise, as short as it could be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The story.
    pub case: Case,
    /// What goes wrong in it on purpose.
    pub mischief: Vec<Mischief>,
    /// What should not have happened.
    pub broken: Broken,
    /// Events and records in their order, a line each; empty unless it was made shorter.
    pub told: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.case.seed(), self.broken)?;
        for mischief in &self.mischief {
            writeln!(f, "  with {mischief}")?;
        }
        for line in &self.told {
            writeln!(f, "  {line}")?;
        }
        write!(f, "repeat it with:\n  {}", self.case.command())
    }
}

impl Finding {
    /// The shortest story that breaks the same promise: fewer nodes, then entries of the list left out one after
    /// another for as long as that changes nothing.
    #[must_use]
    pub fn shrunk(self) -> Self {
        let promise = self.broken.promise;
        let is_same = |case: &Case| case.play().is_err_and(|finding| finding.broken.promise == promise);
        let mut case = self.case.clone();
        for nodes in 1..case.most_nodes() {
            let smaller = case.clone().nodes(nodes);
            if is_same(&smaller) {
                case = smaller;
                break;
            }
        }
        let mut kept: Vec<usize> = case.mischief().into_iter().map(|(place, _)| place).collect();
        let mut tried = 0;
        while tried < kept.len() {
            let mut fewer = kept.clone();
            fewer.remove(tried);
            if is_same(&case.clone().keep(fewer.clone())) {
                // What could not be left out before may be superfluous now.
                (kept, tried) = (fewer, 0);
            } else {
                tried += 1;
            }
        }
        case.keep(kept).play_told(true).map_or_else(|finding| *finding, |_| self)
    }
}
