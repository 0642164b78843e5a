//! Endings that all executors share.

use flowrun::{ErrorClass, Failure, Outcome};

/// The attempt was told to stop. The run's log says so already.
pub(crate) fn stopped() -> Outcome {
    Outcome::Failed(Box::new(Failure { class: ErrorClass::Stopped, message: None, retry_after: None }))
}

/// The node or the settings are wrong, which a check before the run would have told.
pub(crate) fn refused(problem: String) -> Outcome {
    Outcome::failed(ErrorClass::Permanent, problem)
}

/// Why a request failed, as a line of the log; and that it may have arrived, when nobody can know.
#[cfg(any(feature = "email", feature = "slack", feature = "webhook"))]
pub(crate) fn failure(error: &flowrun_guard::GuardError) -> String {
    let explained = error.explained();
    if error.may_have_arrived() { format!("{explained}; whether it arrived is not known") } else { explained }
}
