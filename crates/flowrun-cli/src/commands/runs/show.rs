//! `flowrun runs show`: a run as it stands.

use flowrun::{Attempt, RunEvent};
use serde_json::{Value, json};

use crate::access::{Access, Ask, Event, Part, Standing};
use crate::args::ShowArgs;
use crate::commands::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;

/// Shows a run: a table, the flow run as JSON, or every line of its journal.
pub(super) async fn show(args: &ShowArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.of.store.path).await?;
    let run = access.find(&args.of.run).await?.id;
    let mut answer = access.ask(Ask::Show { run, events: args.journal });
    while let Some(part) = answer.next().await? {
        match part {
            Part::Event(event) => screen.data(&line(&event))?,
            Part::Stands(_) if args.journal => {}
            Part::Stands(stands) if args.of.json => screen.data(&format!("{}\n", stands.document))?,
            Part::Stands(stands) => {
                let run = access.flow_run(&stands.document)?;
                screen.data(&render::table_of(&run, &stands.state, &stands.reasons))?;
                screen.data(&waiting(&stands))?;
            }
            _ => return Err(answer.unexpected()),
        }
    }
    Ok(Exit::Done)
}

/// One line of a journal as one line of JSON.
pub(super) fn line(event: &Event) -> String {
    let RunEvent { seq, at, node, record, .. } = &event.event;
    let mut told = json!({"seq": seq, "at": at, "node": node, "record": record});
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
fn waiting(stands: &Standing) -> String {
    let held = stands.held.iter().map(|id| {
        let id = render::plain(id);
        format!("  {id}: waits for a person, as nobody can know whether it had its effect\n")
    });
    held.collect()
}
