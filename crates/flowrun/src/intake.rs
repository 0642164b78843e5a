//! Where what executors say enters the engine: one place, and one order.
//!
//! Secrets are taken out of the raw text first. Of one that was escaped or cut in the middle nothing would be found
//! later. Then control characters are escaped, and what is too long is cut.

use flowrun_core::{Failure, Outcome, Report, RunPolicy, fit_line};

use crate::redact::Redactor;
use crate::reports::{AttemptId, Reports, Room};

/// What is done with everything that executors say.
pub(crate) struct Intake {
    redactor: Redactor,
    limits: RunPolicy,
}

impl Intake {
    pub(crate) const fn new(redactor: Redactor, limits: RunPolicy) -> Self {
        Self { redactor, limits }
    }

    pub(crate) const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// How much may wait to be written of what an attempt says.
    pub(crate) const fn room(limits: &RunPolicy) -> Room {
        Room { lines: limits.max_report_bytes, objects: limits.max_decision_bytes }
    }

    /// A line as it may be recorded and shown.
    pub(crate) fn line(&self, line: String) -> String {
        let line = self.redactor.text(line);
        match fit_line(&line, self.limits.max_line_bytes) {
            std::borrow::Cow::Borrowed(_) => line,
            std::borrow::Cow::Owned(fitted) => fitted,
        }
    }

    /// Takes a report in.
    pub(crate) fn report(&self, reports: &Reports, by: AttemptId, report: Report) {
        let report = match report {
            Report::Log(line) => return reports.log(by, self.line(line)),
            Report::Objects(_) => self.redactor.report(report),
        };
        let Report::Objects(objects) = &report else { unreachable!("objects are redacted to objects") };
        match self.limits.size_of(objects) {
            Ok(bytes) => reports.objects(by, report, bytes),
            Err(limit) => reports.broke(by, limit.to_string()),
        }
    }

    /// How an attempt ended, as it may be recorded.
    #[inline]
    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed(failure) => self.failure(failure),
            outcome @ (Outcome::Done | Outcome::Passed) => outcome,
        }
    }

    fn failure(&self, mut failure: Box<Failure>) -> Outcome {
        failure.message = failure.message.map(|message| self.line(message));
        Outcome::Failed(failure)
    }
}
