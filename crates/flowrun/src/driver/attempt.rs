//! One attempt at work: the executor's future, with panics turned into failures.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use flowrun_core::{Attempt, ErrorClass, NodeIx, Outcome};
use futures::future::BoxFuture;
use tracing::{Instrument, Span};

/// The future of an attempt. It resolves to the attempt and its outcome, or to `None` once it was dropped.
pub(super) struct AttemptFuture {
    pub(super) node: NodeIx,
    pub(super) attempt: Attempt,
    future: Option<BoxFuture<'static, Outcome>>,
    span: Span,
}

impl AttemptFuture {
    /// Calls `start`, which calls the executor; the executor's own code runs at the first poll at the latest.
    pub(super) fn start(
        node: NodeIx,
        attempt: Attempt,
        span: Span,
        start: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> Result<Self, Outcome> {
        let started = span.in_scope(|| catch_unwind(AssertUnwindSafe(start)));
        match started {
            Ok(future) => Ok(Self { node, attempt, future: Some(future), span }),
            Err(panic) => Err(panicked(&*panic)),
        }
    }

    /// Moves the rest of the work to a tokio task of its own, which ends with this future.
    pub(super) fn into_own_task(mut self) -> Self {
        if let Some(future) = self.future.take() {
            let task = OwnTask(tokio::spawn(future.instrument(self.span.clone())));
            self.future = Some(Box::pin(task));
        }
        self
    }

    /// Drops the executor's future. What it was doing stops where it stood.
    pub(super) fn abandon(&mut self) {
        self.future = None;
    }

    /// Polls the executor's future.
    pub(super) fn poll_outcome(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Outcome>> {
        let Some(future) = &mut self.future else { return Poll::Ready(None) };
        let _entered = self.span.enter();
        let outcome = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => panicked(&*panic),
        };
        self.future = None;
        Poll::Ready(Some(outcome))
    }
}

impl Future for AttemptFuture {
    type Output = (NodeIx, Attempt, Option<Outcome>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let outcome = std::task::ready!(self.poll_outcome(cx));
        Poll::Ready((self.node, self.attempt, outcome))
    }
}

/// A tokio task that is aborted when nobody waits for it any more.
struct OwnTask(tokio::task::JoinHandle<Outcome>);

impl Future for OwnTask {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx).map(|joined| match joined {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panicked(&*panic),
                Err(_) => Outcome::failed(ErrorClass::Stopped, "the runtime is shutting down"),
            },
        })
    }
}

impl Drop for OwnTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Outcome::failed(ErrorClass::Panic, format!("executor panicked: {}", text.unwrap_or("no message")))
}
