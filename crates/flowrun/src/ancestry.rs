//! Which run an executor works for when it starts another one.
//!
//! Nobody says so: a run is started with a request that knows nothing of the caller. But the caller is polled by the
//! task of its driver, or by a task of its own, and those know their run. An executor that starts runs from tasks that it
//! has spawned itself is not seen.

use std::future::Future;

use flowrun_core::RunId;

tokio::task_local! {
    static RUN: RunId;
}

/// Polls what belongs to a run.
pub(crate) fn within<F: Future>(run: RunId, future: F) -> impl Future<Output = F::Output> {
    RUN.scope(run, future)
}

/// The run whose driver or executor is being polled here.
pub(crate) fn current() -> Option<RunId> {
    RUN.try_with(|run| *run).ok()
}
