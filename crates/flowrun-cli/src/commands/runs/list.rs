//! `flowrun runs list`: which runs a store holds.

use serde_json::json;

use crate::access::Access;
use crate::args::ListArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;

/// Lists runs as a table, or all that is known of them as JSON.
pub(super) async fn list(args: &ListArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    // One more than asked for, to know whether there are more.
    let mut runs = access.runs(args.open, args.limit.saturating_add(1)).await?;
    let has_more = runs.len() > args.limit;
    runs.truncate(args.limit);
    if args.json {
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
