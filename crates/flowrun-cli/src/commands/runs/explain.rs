//! `flowrun runs explain`: why nodes of a run are as they are.

use std::sync::Arc;

use flowrun::{Explainer, Explanation, Store as _};
use serde_json::json;

use crate::args::ExplainArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render::{plain, plain_lines};
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::stored::StoredError;
use crate::wiring;

/// Explains a run as it stands, or as it was after one of its records.
pub(super) fn explain(args: &ExplainArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.of.store.path)?;
    let id = file.find(&args.of.run)?.id;
    let (stored, _journal) = file.store.open(id).map_err(StoredError::Store)?;
    let not_replayed = |source| StoredError::NotReplayed { run: id, source };
    let plan = Arc::new(stored.new.plan(&wiring::task_types()).map_err(not_replayed)?);
    let mut explainer = Explainer::new(plan, stored.new.spec.clone());
    let last = stored.lines.len() as u64;
    let at = args.at.unwrap_or(last);
    if at > last {
        return Err(CommandError::NoRecord { run: id, at, last });
    }
    for line in stored.lines.iter().take_while(|line| line.seq <= at) {
        explainer.note(line.at, &line.record).map_err(|error| not_replayed(error.into()))?;
    }
    let explanation = match &args.node {
        None => explainer.explain(),
        Some(node) => {
            let place = explainer.plan().find(node);
            let place = place.ok_or_else(|| CommandError::NoNode { run: id, node: plain(node) })?;
            explainer.explain_nodes(explainer.chain(place))
        }
    };
    if args.of.json {
        let mut told = json!(explanation);
        told["version"] = 1.into();
        told["id"] = json!(id);
        screen.json(&told)?;
    } else {
        screen.data(&sentences(&explanation))?;
    }
    Ok(Exit::Done)
}

/// How the run stands, then a paragraph for each node.
fn sentences(explanation: &Explanation) -> String {
    let nodes = explanation.nodes.iter().map(|node| &node.text);
    let texts = std::iter::once(&explanation.run.text).chain(nodes);
    texts.map(|text| format!("{}\n", plain_lines(text))).collect()
}
