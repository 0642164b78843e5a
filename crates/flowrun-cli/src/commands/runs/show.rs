//! `flowrun runs show`: a run as it stands.

use flowrun::{Attempt, JournalLine, Plan};
use serde_json::{Value, json};

use crate::args::ShowArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;
use crate::store_file::StoreFile;
use crate::stored::Stored;

/// Shows a run: a table, the flow run as JSON, or every line of its journal.
pub(super) fn show(args: &ShowArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.of.store.path)?;
    let id = file.find(&args.of.run)?.id;
    let stored = Stored::read(&file.store, id)?;
    let reasons = stored.reasons();
    let Stored { run, lines } = stored;
    if args.journal {
        let lines: String = lines.iter().map(|line| told(line, run.plan())).collect();
        screen.data(&lines)?;
    } else if args.of.json {
        screen.data(&format!("{}\n", run.to_json()))?;
    } else {
        screen.data(&render::table(&run.to_flow_run(), &reasons))?;
        screen.data(&waiting(&run))?;
    }
    Ok(Exit::Done)
}

/// One line of a journal as one line of JSON.
fn told(line: &JournalLine, plan: &Plan) -> String {
    let node = line.record.node().map(|node| plan.node_id(node));
    let mut told = json!({"seq": line.seq, "at": line.at, "node": node, "record": line.record});
    if let Some(record) = told["record"].as_object_mut() {
        record.values_mut().for_each(tell_visit);
    }
    format!("{told}\n")
}

/// Tells an attempt as people count them: in the second visit of its node it is the first one again. Stores keep both
/// in one number.
fn tell_visit(record: &mut Value) {
    let packed = record.get("attempt").and_then(Value::as_u64);
    let attempt = packed.and_then(|packed| Attempt::try_from(u32::try_from(packed).ok()?).ok());
    if let Some(attempt) = attempt.filter(|attempt| attempt.visit() > 1) {
        record["attempt"] = attempt.number().into();
        record["visit"] = attempt.visit().into();
    }
}

/// What an open run waits for, a line each.
fn waiting(run: &flowrun::Run) -> String {
    let held = run.held().map(|node| {
        let id = render::plain(&run.plan().node_id(node));
        format!("  {id}: waits for a person, as nobody can know whether it had its effect\n")
    });
    held.collect()
}
