//! What an earlier server has left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowrun::{RunId, Store as _, StoreError, TaskTypes};

use crate::repo::AccountId;
use crate::server::{Inner, ServerError};

impl Inner {
    /// Goes on with open runs, and brings the repository and the store of runs to say the same: they are two files,
    /// and the process may have ended between two writes.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), ServerError> {
        let owners: BTreeMap<RunId, AccountId> =
            self.repo.open_runs()?.into_iter().map(|(account, run)| (run, account)).collect();
        let doomed = self.repo.doomed_runs()?;
        let recovered = self.engine.recover().await?;
        for left in &recovered.untouched {
            tracing::warn!(run = %left.run, reason = %left.reason, "a run cannot go on here and is left as it is");
        }
        for handle in recovered.resumed {
            let id = handle.id();
            match owners.get(&id) {
                Some(account) => self.follow(*account, handle),
                // Of no account: deleted, or made by the command line. Kept, so that it can be cancelled.
                None => drop(self.live().insert(id, handle)),
            }
        }
        for (run, account) in owners {
            if !self.live().contains_key(&run) {
                self.settle(account, run).await?;
            }
        }
        self.remove(doomed);
        Ok(())
    }

    /// A run without a document that is not under way: it is over, it was never started, or it cannot go on here.
    async fn settle(&self, account: AccountId, id: RunId) -> Result<(), ServerError> {
        match self.store.open(id) {
            Ok((stored, _journal)) => match stored.replay(&TaskTypes::documented()) {
                Ok(run) if run.is_over() => self.keep(account, id, &run.to_flow_run()).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(run = %id, %error, "a run cannot be read"),
            },
            // Its creation was never acknowledged.
            Err(StoreError::NotFound(_)) => self.repo.give_back(account, id).await?,
            Err(error) => tracing::warn!(run = %id, %error, "a run cannot be read"),
        }
        Ok(())
    }
}
