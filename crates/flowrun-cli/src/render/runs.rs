//! The runs of a store, as a table.

use super::columns::aligned;
use super::plain;
use crate::access::Listed;

/// One row per run.
pub(crate) fn runs(runs: &[Listed]) -> String {
    let mut rows = vec![["run", "status", "created", "updated", "flow", "site"].map(str::to_owned)];
    for run in runs {
        rows.push([
            run.id.to_string(),
            run.state.clone(),
            run.created.naive(),
            run.updated.naive(),
            run.title.as_deref().filter(|title| !title.is_empty()).map_or_else(|| "–".to_owned(), plain),
            plain(&run.site),
        ]);
    }
    aligned(&rows)
}
