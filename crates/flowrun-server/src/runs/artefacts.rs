//! What scans of a run brought home.

use flowrun::RunId;
use flowrun_artefacts::{ArtefactError, Kind};

use crate::http::refusal::Refusal;
use crate::server::Inner;

impl Inner {
    /// A content that a run of this account names.
    pub(crate) async fn artefact(&self, run: RunId, hash: String) -> Result<(Kind, Vec<u8>), Refusal> {
        let missing = || Refusal::missing("artefact");
        let artefacts = self.artefacts.get().cloned().ok_or_else(missing)?;
        let read = tokio::task::spawn_blocking(move || artefacts.get(&run.to_string(), &hash)).await;
        match read {
            Ok(Ok(found)) => found.ok_or_else(missing),
            Ok(Err(error @ ArtefactError::Damaged { .. })) => {
                tracing::error!(%run, %error, "an artefact is damaged");
                Err(missing())
            }
            Ok(Err(error)) => {
                tracing::error!(%run, %error, "an artefact was not read");
                Err(Refusal::unavailable("the artefact cannot be read now"))
            }
            Err(_) => Err(Refusal::unavailable("the artefact cannot be read now")),
        }
    }

    /// Forgets what a run named that is gone.
    pub(crate) async fn forget_artefacts(&self, run: RunId) {
        let Some(artefacts) = self.artefacts.get().cloned() else { return };
        let removed = tokio::task::spawn_blocking(move || artefacts.remove_run(&run.to_string())).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%run, %error, "artefacts of a deleted run were not deleted; the next start does it");
        }
    }
}
