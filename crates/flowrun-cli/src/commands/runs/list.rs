//! `flowrun runs list`: which runs a store holds.

use flowrun::{RunFilter, RunSummary, Store as _};
use serde_json::json;

use crate::args::ListArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;
use crate::store_file::StoreFile;

/// Lists runs as a table, or all that is known of them as JSON.
pub(super) fn list(args: &ListArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    // One more than asked for, to know whether there are more.
    let mut which = RunFilter::default().limit(args.limit.saturating_add(1));
    if args.open {
        which = which.open();
    }
    let mut runs = file.store.runs(&which)?;
    let has_more = runs.len() > args.limit;
    runs.truncate(args.limit);
    if args.json {
        let runs: Vec<_> = runs.iter().map(described).collect();
        screen.json(&json!({"version": 1, "runs": runs, "has_more": has_more}))?;
    } else {
        screen.data(&render::runs(&runs))?;
    }
    if has_more {
        screen
            .note(&format!("there are more: these are the {} created last; --limit shows more", args.limit));
    }
    Ok(Exit::Done)
}

fn described(run: &RunSummary) -> serde_json::Value {
    json!({
        "id": run.id,
        "title": run.title,
        "site": run.site,
        "status": run.status,
        "created": run.created,
        "updated": run.updated,
        "seq": run.seq,
    })
}
