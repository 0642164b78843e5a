//! What arrived at a server and what it answers next. Knows no protocol.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Records of one kind, in the order they arrived. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Recorder<T>(watch::Sender<Vec<T>>);

impl<T: Clone> Recorder<T> {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }

    pub(super) fn record(&self, record: T) {
        self.0.send_modify(|records| records.push(record));
    }

    pub(super) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    /// Waits until there are `count` records or more, then gives all of them.
    pub(super) async fn at_least(&self, count: usize) -> Vec<T> {
        let mut changes = self.0.subscribe();
        let records = changes.wait_for(|records| records.len() >= count).await;
        records.expect("the sender is borrowed for as long as this waits").clone()
    }
}

/// The replies that are still to be given. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Script<R>(Arc<Mutex<VecDeque<R>>>);

impl<R> Script<R> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn extend(&self, replies: impl IntoIterator<Item = R>) {
        self.replies().extend(replies);
    }

    /// The next reply; `None` when the script is used up.
    pub(super) fn next(&self) -> Option<R> {
        self.replies().pop_front()
    }

    fn replies(&self) -> std::sync::MutexGuard<'_, VecDeque<R>> {
        // A queue is whole between any two of its operations, so a panic elsewhere cannot have spoilt it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
