//! What came of the checks.

use std::fmt;

/// A check: its name, and what an executor that passes it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// The name.
    pub name: &'static str,
    /// The promise.
    pub promise: &'static str,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise is kept.
    Kept,
    /// It is broken, and how.
    Broken(String),
    /// It could not be looked at, and why.
    NotJudged(&'static str),
}

/// The verdict of checks that need an attempt to return.
pub(super) const NOT_RETURNED: Verdict = Verdict::NotJudged("the attempt did not return");

/// Kept, or broken in this way.
pub(super) fn verdict(holds: bool, broken: impl FnOnce() -> String) -> Verdict {
    if holds { Verdict::Kept } else { Verdict::Broken(broken()) }
}

/// What came of all checks.
#[derive(Clone, Debug)]
#[must_use = "a verdict is of use only when somebody looks at it; `assert` does"]
pub struct ExecutorVerdict {
    /// The checks with what came of them, in a fixed order.
    pub checks: Vec<(Check, Verdict)>,
}

impl ExecutorVerdict {
    /// The promises that are broken, each with how.
    pub fn broken(&self) -> impl Iterator<Item = (Check, &str)> {
        self.checks.iter().filter_map(|(check, verdict)| match verdict {
            Verdict::Broken(how) => Some((*check, &**how)),
            Verdict::Kept | Verdict::NotJudged(_) => None,
        })
    }

    /// Fails a test if a promise is broken.
    ///
    /// # Panics
    ///
    /// When a promise is broken; the message tells which, and how.
    pub fn assert(&self) {
        let broken = self.broken().count();
        assert!(broken == 0, "{broken} of {} promises broken\n{self}", self.checks.len());
    }
}

/// One line for each check.
impl fmt::Display for ExecutorVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Check { name, promise }, verdict) in &self.checks {
            match verdict {
                Verdict::Kept => writeln!(f, "kept        {name}")?,
                Verdict::NotJudged(why) => writeln!(f, "not judged  {name}: {why}")?,
                Verdict::Broken(how) => writeln!(f, "BROKEN      {name}: {promise}; {how}")?,
            }
        }
        Ok(())
    }
}
