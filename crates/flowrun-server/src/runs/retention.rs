//! Old runs go while the server is there.

use std::sync::{Arc, Weak};
use std::time::Duration;

use flowrun::Retention;

use crate::server::Inner;

/// How often old runs are looked for.
const EVERY: Duration = Duration::from_secs(600);

impl Inner {
    /// Lets old runs go again and again, until the server shuts down.
    pub(crate) fn retain_again_and_again(self: &Arc<Self>, keep: Retention) {
        let inner = Arc::downgrade(self);
        tokio::spawn(async move {
            // A server that is gone keeps nothing, and nothing keeps it.
            while let Some(inner) = Weak::upgrade(&inner).filter(|inner| !inner.is_draining()) {
                let looks = Arc::clone(&inner);
                inner.spawn(async move { looks.retain(keep).await });
                drop(inner);
                tokio::time::sleep(EVERY).await;
            }
        });
    }

    /// Deletes runs that are over and not to be kept, and with each of them what its account has of it.
    async fn retain(self: Arc<Self>, keep: Retention) {
        match tokio::task::spawn_blocking(move || self.engine.retain(&keep)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(runs)) => tracing::info!(runs, "old runs were deleted"),
            Ok(Err(error)) => tracing::warn!(%error, "old runs were not deleted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::wanted;
    use super::*;
    use crate::Server;

    #[tokio::test(flavor = "multi_thread")]
    async fn old_runs_go_with_what_their_account_has_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::builder(folder.path().join("runs.flowrun")).open().await.unwrap();
        let (caller, wanted) = wanted(&server).await;
        for _ in 0..3 {
            server.inner.create_run(&caller, wanted.clone(), Some(Duration::from_secs(60))).await.unwrap();
        }
        Arc::clone(&server.inner).retain(Retention::default().count(1)).await;
        let account = server.repository().account_named("a").unwrap().unwrap();
        assert_eq!((account.runs, account.flowruns), (1, 3));
        assert_eq!(server.repository().store().verify().unwrap().problems, Vec::<String>::new());
        let window = crate::http::page::Window { limit: 9, offset: 0 };
        let (count, rows) = server.repository().runs(caller.account, None, window).unwrap();
        assert_eq!((count, rows.len()), (1, 1));
    }
}
