//! Why nodes of a stored run are as they are.

use std::sync::Arc;

use flowrun::{Explainer, RunId, SqliteStore, TaskTypes};
use serde_json::{Value, json};

use crate::commands::CommandError;
use crate::render::plain;
use crate::stored::StoredError;

/// Explains a run as it stands, or as it was after one of its records.
pub(super) fn explained(
    store: &SqliteStore,
    run: RunId,
    at: Option<u64>,
    node: Option<&str>,
) -> Result<Value, CommandError> {
    let stored = store.stored(run).map_err(StoredError::Store)?;
    let not_replayed = |source| StoredError::NotReplayed { run, source };
    let plan = Arc::new(stored.new.plan(&TaskTypes::documented()).map_err(not_replayed)?);
    let mut explainer = Explainer::new(plan, stored.new.spec.clone());
    let last = stored.lines.len() as u64;
    let at = at.unwrap_or(last);
    if at > last {
        return Err(CommandError::NoRecord { run, at, last });
    }
    for line in stored.lines.iter().take_while(|line| line.seq <= at) {
        explainer.note(line.at, &line.record).map_err(|error| not_replayed(error.into()))?;
    }
    let explanation = match node {
        None => explainer.explain(),
        Some(node) => {
            let place = explainer.plan().find(node);
            let place = place.ok_or_else(|| CommandError::NoNode { run, node: plain(node) })?;
            explainer.explain_nodes(explainer.chain(place))
        }
    };
    Ok(json!(explanation))
}
