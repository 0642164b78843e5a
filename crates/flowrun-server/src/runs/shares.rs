//! How tasks share what works at a time: accounts have the same, and in each of them its sites.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun::{Engine, RunId, Share, SlotRequest, SlotWait};

use crate::http::json::{array, object, text};
use crate::repo::{AccountId, Repository};

/// Whose runs are open.
pub(crate) struct Shares {
    repo: Repository,
    /// Each with how many keep it known: one that is over may be opened again before its end is noted down.
    owners: Mutex<BTreeMap<RunId, (AccountId, usize)>>,
}

impl Shares {
    pub(crate) fn new(repo: Repository) -> Arc<Self> {
        Arc::new(Self { repo, owners: Mutex::default() })
    }

    /// The run is of this account, for as long as what is given is kept.
    pub(crate) fn owned(self: &Arc<Self>, run: RunId, account: AccountId) -> Owned {
        self.owners().entry(run).or_insert((account, 0)).1 += 1;
        Owned { shares: Arc::clone(self), run }
    }

    /// The account of an attempt with what it may have, and its site. Runs of no account have a share together.
    pub(crate) fn of(&self, request: &SlotRequest<'_>) -> Vec<Share> {
        let account = self.owners().get(&request.run).map(|(account, _)| *account);
        let share = match account {
            // An account that cannot be read has a share, too.
            Some(account) => {
                let most = self.repo.concurrency(account).ok().flatten();
                let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
                Share::new(account.to_string()).most(most)
            }
            None => Share::new(""),
        };
        vec![share, Share::new(request.site)]
    }

    fn owners(&self) -> MutexGuard<'_, BTreeMap<RunId, (AccountId, usize)>> {
        // A panic elsewhere does not leave the map half changed.
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run whose account is known.
pub(crate) struct Owned {
    shares: Arc<Shares>,
    run: RunId,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Entry::Occupied(mut known) = self.shares.owners().entry(self.run) {
            known.get_mut().1 -= 1;
            if known.get().1 == 0 {
                known.remove();
            }
        }
    }
}

/// The document of a run that is driven, with what its tasks wait for, if they do.
pub(super) fn with_waits(engine: &Engine, run: RunId, document: &str) -> String {
    let waits = engine.waiting(run);
    match document.strip_suffix('}') {
        Some(members) if !waits.is_empty() => {
            let waits: Vec<String> = waits.iter().map(told).collect();
            format!(r#"{members},"waiting":{}}}"#, array(&waits))
        }
        _ => document.to_owned(),
    }
}

fn told(wait: &SlotWait) -> String {
    let reason = match &wait.share {
        Some(share) => {
            format!("the account has as many tasks at work as its concurrency allows: {}", share.most)
        }
        None => "the server has as many tasks at work as it does at a time".to_owned(),
    };
    object([("node", text(&wait.node).as_str()), ("reason", &text(&reason))])
}
