//! Endings that all executors share.

#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
use std::time::Duration;
#[cfg(feature = "webhook")]
use std::time::SystemTime;

use flowrun::{ErrorClass, NodeProblem, Outcome};

/// The attempt was told to stop. The run's log says so already.
pub(crate) fn stopped() -> Outcome {
    Outcome::failed_as(ErrorClass::Stopped)
}

/// The node or the settings are wrong, which a check before the run would have told.
pub(crate) fn refused(problems: &[NodeProblem]) -> Outcome {
    let first = problems.iter().find(|problem| problem.is_error());
    Outcome::failed(first.map_or("the node cannot run", |problem| &problem.message))
}

/// Why a request failed, as a line of the log; and that it may have arrived, when nobody can know.
#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
pub(crate) fn failure(error: &flowrun_guard::GuardError) -> String {
    let explained = error.explained();
    if error.may_have_arrived() { format!("{explained}; whether it arrived is not known") } else { explained }
}

/// Why something was not delivered that may yet be.
#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undone {
    pub(crate) class: ErrorClass,
    /// How long the other side asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
impl Undone {
    /// It did not arrive, and may next time.
    pub(crate) const TRANSIENT: Self = Self { class: ErrorClass::Transient, retry_after: None };
    /// Nobody can know whether it arrived.
    pub(crate) const UNKNOWN: Self = Self { class: ErrorClass::Unknown, retry_after: None };

    /// What a request that failed leaves undone; `None` when it would fail again.
    pub(crate) const fn of(error: &flowrun_guard::GuardError) -> Option<Self> {
        match (error.is_transient(), error.may_have_arrived()) {
            (true, true) => Some(Self::UNKNOWN),
            (true, false) => Some(Self::TRANSIENT),
            (false, _) => None,
        }
    }

    /// Both are undone: that one of them may have arrived is what counts, and the longer wait.
    pub(crate) fn and(self, other: Self) -> Self {
        let class = if other.class == ErrorClass::Unknown { other.class } else { self.class };
        Self { class, retry_after: self.retry_after.max(other.retry_after) }
    }
}

/// What an answer with this status leaves undone; `None` when it is final.
#[cfg(feature = "webhook")]
pub(crate) fn undone_by(status: u16, headers: &flowrun_guard::Headers) -> Option<Undone> {
    is_transient(status)
        .then(|| Undone { retry_after: headers.retry_after(SystemTime::now()), ..Undone::TRANSIENT })
}

/// Whether an answer with this status may be another one later.
#[cfg(any(feature = "scan", feature = "webhook"))]
pub(crate) const fn is_transient(status: u16) -> bool {
    match status {
        // Too slow, too early, too many (RFC 9110, 8470 and 6585).
        408 | 425 | 429 => true,
        // What a server cannot do now it may do later; what it does not know at all it will not learn.
        501 | 505 => false,
        _ => matches!(status, 500..=599),
    }
}
