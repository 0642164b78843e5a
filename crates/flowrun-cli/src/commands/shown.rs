//! How runs came out, for people and for programs.

use std::path::Path;

use super::CommandError;
use crate::drive::Driven;
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;
use crate::watch::resume_command;

/// Shows one run: a table or its JSON, or how to go on with it.
pub(super) fn one(
    driven: &Driven,
    store: Option<&Path>,
    is_json: bool,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    match &driven.run {
        Some(run) if is_json => screen.data(&format!("{}\n", run.to_json()))?,
        Some(run) => screen.data(&render::table(run, &driven.skipped))?,
        None => left(driven, store, screen),
    }
    Ok(driven.exit)
}

/// Shows several runs, and gives the exit code that says the most.
pub(super) fn several(
    driven: &[Driven],
    store: &Path,
    is_json: bool,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    if is_json {
        let runs = driven.iter().filter_map(|driven| driven.run.as_ref());
        let runs: Vec<&str> = runs.map(flowrun::FlowRun::to_json).collect();
        screen.data(&format!("[{}]\n", runs.join(",\n")))?;
    }
    let mut exit = Exit::Done;
    for driven in driven {
        match &driven.run {
            Some(_) if is_json => {}
            Some(run) => screen.data(&render::table(run, &driven.skipped))?,
            None => left(driven, Some(store), screen),
        }
        exit = exit.or(driven.exit);
    }
    Ok(exit)
}

/// Says that a run was left, and how to go on with it.
fn left(driven: &Driven, store: Option<&Path>, screen: &Screen) {
    let id = driven.id;
    let why = match driven.exit {
        Exit::Stopped => "waits for a person",
        _ => "is left where it is",
    };
    let how = store.map_or_else(String::new, |store| {
        format!("; go on with it by `{}`", resume_command(store, Some(id)))
    });
    screen.note(&format!("run {id} {why}{how}"));
}
