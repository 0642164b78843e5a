//! Decisions that are on their way to the disk while the run goes on.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use flowrun_core::{Call, Command, Timestamp};
use flowrun_store::{Commit, StoreError};

/// How many decisions may be unwritten. More would not make a transaction larger, and memory has to end.
const MOST: usize = 256;

/// The decisions that are not known to be written, the oldest first.
#[derive(Default)]
pub(super) struct Ahead(VecDeque<Unwritten>);

struct Unwritten {
    commit: Commit,
    ordered: Ordered,
}

/// What a decision orders.
pub(super) struct Ordered {
    /// When it was decided.
    pub(super) at: Timestamp,
    pub(super) calls: Vec<Call>,
    pub(super) commands: Box<[Command]>,
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the driver should wait before it decides more.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Keeps what a decision orders until its commit is done.
    pub(super) fn push(&mut self, commit: Commit, at: Timestamp, calls: &[Call], commands: &[Command]) {
        let ordered = Ordered { at, calls: calls.into(), commands: commands.into() };
        self.0.push_back(Unwritten { commit, ordered });
    }

    /// Takes out what the oldest decision orders once it is written. Pending when there is none.
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<Ordered, StoreError>> {
        let Some(mut oldest) = self.0.pop_front() else { return Poll::Pending };
        let written = match oldest.commit {
            Commit::Done(written) => written,
            Commit::Pending(ref mut pending) => match pending.as_mut().poll(cx) {
                Poll::Ready(written) => written,
                Poll::Pending => {
                    self.0.push_front(oldest);
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(written.map(|()| oldest.ordered))
    }
}
