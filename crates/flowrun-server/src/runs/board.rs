//! How runs stand, told to whoever watches the runs of an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use flowrun::{RunId, RunState};
use serde_json::json;
use tokio::sync::broadcast;

use crate::repo::AccountId;
use crate::server::Inner;

/// So many changes are kept for a watcher who is behind.
const KEPT: usize = 256;

/// A run stands otherwise than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    run: RunId,
    /// `None` when it was deleted.
    state: Option<RunState>,
}

impl Change {
    pub(crate) const fn of(run: RunId, state: RunState) -> Self {
        Self { run, state: Some(state) }
    }

    pub(crate) const fn deleted(run: RunId) -> Self {
        Self { run, state: None }
    }

    /// The run with the word of the wire, and with one that says more.
    pub(crate) fn to_json(self) -> String {
        let Self { run, state } = self;
        let Some(state) = state else { return json!({"id": run, "status": "deleted"}).to_string() };
        json!({"id": run, "status": state.status(), "state": word(state), "at_rest": state.is_at_rest()})
            .to_string()
    }
}

/// How a run stands, in one word.
pub(super) const fn word(state: RunState) -> &'static str {
    match state {
        RunState::Working => "working",
        RunState::Paused { .. } => "paused",
        RunState::AwaitingPerson { .. } => "awaiting_person",
        RunState::Passed => "passed",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
        // Also what a later version of the engine may know.
        RunState::Lost | _ => "lost",
    }
}

/// Those who watch the runs of accounts.
#[derive(Default)]
pub(crate) struct Board(Mutex<BTreeMap<AccountId, broadcast::Sender<Change>>>);

impl Board {
    /// What happens from here on to the runs of the account.
    pub(super) fn watch(&self, account: AccountId) -> broadcast::Receiver<Change> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(account).or_insert_with(|| broadcast::channel(KEPT).0).subscribe()
    }

    fn tell(&self, account: AccountId, change: Change) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more: nothing is kept for that account until somebody does.
        if lanes.get(&account).is_some_and(|lane| lane.send(change).is_err()) {
            lanes.remove(&account);
        }
    }
}

impl Inner {
    /// Tells those who watch the account.
    pub(crate) fn tell(&self, account: AccountId, change: Change) {
        self.board.tell(account, change);
    }
}
