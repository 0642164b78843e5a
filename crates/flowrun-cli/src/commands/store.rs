//! `flowrun store`: looking after the file that holds runs.

use flowrun::TaskTypes;
use serde_json::json;

use super::CommandError;
use crate::args::{BackupArgs, InspectArgs, StoreArgs, StoreCommand};
use crate::exit::Exit;
use crate::render::plain_line;
use crate::screen::Screen;
use crate::store_file::StoreFile;

/// Does one of the commands on stores.
pub(crate) fn store(args: &StoreArgs, screen: &Screen) -> Result<Exit, CommandError> {
    match &args.command {
        StoreCommand::Verify(args) => verify(args, screen),
        StoreCommand::Backup(args) => backup(args, screen),
        StoreCommand::Stats(args) => stats(args, screen),
    }
}

/// Looks at everything that is stored, and replays every journal. What is found is data; the exit code says
/// whether it is sound.
fn verify(args: &InspectArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    // More than this program can do: a journal is followed without an executor.
    let found = file.store.verify_replaying(&TaskTypes::documented())?;
    let name = file.path.display();
    if args.json {
        screen.json(&json!({
            "version": 1,
            "ok": found.is_sound(),
            "runs": found.runs,
            "lines": found.lines,
            "problems": found.problems,
            "not_replayed": found.not_replayed,
        }))?;
    } else if found.is_sound() {
        screen.data(&format!("{name} is sound: {} runs, {} lines\n", found.runs, found.lines))?;
    } else {
        let problems: String =
            found.problems.iter().map(|problem| format!("  {}\n", plain_line(problem))).collect();
        screen.data(&format!("{name} is damaged:\n{problems}"))?;
        screen.note("help: restore it from a backup; runs that are not named above can still be read");
    }
    for run in &found.not_replayed {
        screen.note(&format!("not replayed: {}", plain_line(run)));
    }
    Ok(if found.is_sound() { Exit::Done } else { Exit::NotFound })
}

fn backup(args: &BackupArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    file.store.backup(&args.out)?;
    if args.json {
        screen.json(&json!({"version": 1, "backup": args.out.display().to_string()}))?;
    } else {
        screen.note(&format!("{} is copied to {}", file.path.display(), args.out.display()));
    }
    Ok(Exit::Done)
}

fn stats(args: &InspectArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    let stats = file.store.stats()?;
    let figures = [
        ("runs", stats.runs),
        ("open", stats.open),
        ("lines", stats.lines),
        ("flows", stats.flows),
        ("deleted", stats.deleted),
        ("bytes", stats.bytes),
        ("free_bytes", stats.free_bytes),
        ("epoch", stats.epoch),
    ];
    if args.json {
        let mut told = json!({"version": 1});
        for (name, figure) in figures {
            told[name] = figure.into();
        }
        screen.json(&told)?;
    } else {
        let lines: String = figures.iter().map(|(name, figure)| format!("{name:<10}  {figure}\n")).collect();
        screen.data(&lines)?;
    }
    Ok(Exit::Done)
}
