//! `flowrun runs explain`: why nodes of a run are as they are.

use serde_json::{Value, json};

use crate::access::Access;
use crate::args::ExplainArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render::plain_lines;
use crate::screen::Screen;

/// Explains a run as it stands, or as it was after one of its records.
pub(super) async fn explain(args: &ExplainArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.of.store.path).await?;
    let run = access.find(&args.of.run).await?.id;
    let mut explained = access.explain(run, args.at, args.node.clone()).await?;
    if args.of.json {
        explained["version"] = 1.into();
        explained["id"] = json!(run);
        screen.json(&explained)?;
    } else {
        screen.data(&sentences(&explained))?;
    }
    Ok(Exit::Done)
}

/// How the run stands, then a paragraph for each node.
fn sentences(explained: &Value) -> String {
    let nodes = explained["nodes"].as_array().into_iter().flatten();
    let texts = std::iter::once(&explained["run"]).chain(nodes).filter_map(|part| part["text"].as_str());
    texts.map(|text| format!("{}\n", plain_lines(text))).collect()
}
