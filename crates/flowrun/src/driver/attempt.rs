//! One attempt at work: the executor's future, with panics turned into failures.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use flowrun_core::{Attempt, ErrorClass, NodeIx, Outcome};
use futures::future::BoxFuture;
use tracing::{Instrument, Span};

/// What became of an attempt when its executor was called.
pub(super) enum Started {
    Done(Outcome),
    Pending(BoxFuture<'static, Outcome>),
}

impl Started {
    /// Calls `start`, which calls the executor, and polls once what is not done then.
    #[inline]
    pub(super) fn new(cx: &mut TaskContext<'_>, start: impl FnOnce() -> Self) -> Self {
        let started = catch_unwind(AssertUnwindSafe(|| match start() {
            Self::Done(outcome) => Self::Done(outcome),
            Self::Pending(mut future) => match future.as_mut().poll(cx) {
                Poll::Ready(outcome) => Self::Done(outcome),
                Poll::Pending => Self::Pending(future),
            },
        }));
        started.unwrap_or_else(|panic| Self::Done(panicked(&*panic)))
    }
}

/// An attempt that has to wait for something. It resolves to the attempt and its outcome, or to `None` once it
/// was dropped.
pub(super) struct AttemptFuture {
    pub(super) node: NodeIx,
    pub(super) attempt: Attempt,
    future: Option<BoxFuture<'static, Outcome>>,
}

impl AttemptFuture {
    /// Goes on with an attempt inside its span.
    pub(super) fn new(
        node: NodeIx,
        attempt: Attempt,
        future: BoxFuture<'static, Outcome>,
        span: Span,
    ) -> Self {
        // Many attempts may wait at once: one that nobody traces carries no span around.
        let future = if span.is_disabled() { future } else { Box::pin(future.instrument(span)) };
        Self { node, attempt, future: Some(future) }
    }

    /// Moves the rest of the work to a tokio task of its own, which ends with this future.
    pub(super) fn into_own_task(mut self) -> Self {
        if let Some(future) = self.future.take() {
            let task = OwnTask(tokio::spawn(future));
            self.future = Some(Box::pin(task));
        }
        self
    }

    /// Drops the executor's future. What it was doing stops where it stood.
    pub(super) fn abandon(&mut self) {
        self.future = None;
    }
}

impl Future for AttemptFuture {
    type Output = (NodeIx, Attempt, Option<Outcome>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(future) = &mut this.future else { return Poll::Ready((this.node, this.attempt, None)) };
        let outcome = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => panicked(&*panic),
        };
        this.future = None;
        Poll::Ready((this.node, this.attempt, Some(outcome)))
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
