//! One attempt at work: the executor's future, with panics turned into failures.
//!
//! An executor can panic when it is called, when its future is polled, and when that is dropped, at its end or before.
//! None of these panics may reach the driver, and no two may meet: one that comes while another one unwinds ends the
//! process. So no future is dropped by the unwinding of its own poll, and no two futures are dropped in one call. What
//! remains is two locals of one future that both panic in their `drop`: Rust itself ends the process there.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use flowrun_core::{Attempt, ErrorClass, NodeIx, Outcome};
use futures::future::BoxFuture;
use tracing::{Instrument, Span, warn};

use crate::Context;
use crate::ancestry;
use crate::contain::{self, Panicked};

/// What became of an attempt when its executor was called.
pub(super) enum Started {
    Done(Outcome),
    Pending(BoxFuture<'static, Outcome>),
}

impl Started {
    /// Calls `start`, which calls the executor, and polls once what is not done then.
    #[inline]
    pub(super) fn new(cx: &mut TaskContext<'_>, start: impl FnOnce() -> Self) -> Self {
        let mut future = None;
        let polled = contain::call(|| match start() {
            Self::Done(outcome) => Poll::Ready(outcome),
            Self::Pending(pending) => {
                future = Some(pending);
                poll(&mut future, cx)
            }
        });
        match (polled, future) {
            (Ok(Poll::Pending), Some(future)) => Self::Pending(future),
            (Ok(Poll::Pending), None) => unreachable!("only a future is pending"),
            (Ok(Poll::Ready(outcome)), _) => Self::Done(outcome),
            (Err(panicked), future) => Self::Done(failed(&panicked, future)),
        }
    }
}

/// Polls a future that is there, and drops it when it is done.
#[inline]
fn poll(future: &mut Option<BoxFuture<'static, Outcome>>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
    let Some(pending) = future else { return Poll::Pending };
    let polled = pending.as_mut().poll(cx);
    if polled.is_ready() {
        *future = None;
    }
    polled
}

/// The same, where a panic may not go on.
fn poll_contained(
    future: &mut Option<BoxFuture<'static, Outcome>>,
    cx: &mut TaskContext<'_>,
) -> Poll<Outcome> {
    contain::call(|| poll(future, cx))
        .unwrap_or_else(|panicked| Poll::Ready(failed(&panicked, future.take())))
}

/// An executor panicked; what is left of its future is dropped.
fn failed(panicked: &Panicked, future: Option<BoxFuture<'static, Outcome>>) -> Outcome {
    let message = match contain::discard(future) {
        Ok(()) => format!("executor panicked: {panicked}"),
        Err(again) => format!("executor panicked: {panicked}, and when it was dropped: {again}"),
    };
    Outcome::failed(message).class(ErrorClass::Panic)
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
    pub(super) fn into_own_task(mut self, context: Context) -> Self {
        if let Some(future) = self.future.take() {
            let contained = Contained { future: Some(future), context };
            let run = contained.context.run();
            self.future = Some(Box::pin(OwnTask(tokio::spawn(ancestry::within(run, contained)))));
        }
        self
    }

    /// Drops the executor's future. What it was doing stops where it stood. Gives what is to be told when it panicked
    /// at that; a task of its own ends later and tells it itself.
    pub(super) fn abandon(&mut self) -> Option<String> {
        contain::discard(self.future.take()).err().map(|panicked| panicked_at_drop(&panicked))
    }
}

impl Future for AttemptFuture {
    type Output = (NodeIx, Attempt, Option<Outcome>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.future.is_none() {
            return Poll::Ready((this.node, this.attempt, None));
        }
        poll_contained(&mut this.future, cx).map(|outcome| (this.node, this.attempt, Some(outcome)))
    }
}

impl Drop for AttemptFuture {
    fn drop(&mut self) {
        // Dropped with its driver: nobody else is left to tell.
        if let Err(panicked) = contain::discard(self.future.take()) {
            warn!(payload_bytes = panicked.to_string().len(), "executor panicked when it was dropped");
        }
    }
}

/// An executor's future in a task of its own. Tokio drops a future that panics while it still unwinds, which this
/// one does not let it.
struct Contained {
    future: Option<BoxFuture<'static, Outcome>>,
    context: Context,
}

impl Future for Contained {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        poll_contained(&mut self.future, cx)
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        if let Err(panicked) = contain::discard(self.future.take()) {
            self.context.log(panicked_at_drop(&panicked));
        }
    }
}

fn panicked_at_drop(panicked: &Panicked) -> String {
    format!("executor panicked when it was dropped: {panicked}")
}

/// A tokio task that is aborted when nobody waits for it any more.
struct OwnTask(tokio::task::JoinHandle<Outcome>);

impl Future for OwnTask {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        // It does not panic, so it was cancelled, and only the runtime cancels a task that is still waited for.
        let is_gone = |_| Outcome::failed("the runtime is shutting down").class(ErrorClass::Stopped);
        Pin::new(&mut self.0).poll(cx).map(|joined| joined.unwrap_or_else(is_gone))
    }
}

impl Drop for OwnTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
