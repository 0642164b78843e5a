//! `flowrun store`: looking after the file that holds runs.

use serde_json::json;

use super::CommandError;
use crate::access::Access;
use crate::args::{BackupArgs, InspectArgs, StoreArgs, StoreCommand};
use crate::exit::Exit;
use crate::render::plain_line;
use crate::screen::Screen;

/// Does one of the commands on stores.
pub(crate) fn store(args: &StoreArgs, screen: &Screen) -> Result<Exit, CommandError> {
    super::block_on(async {
        match &args.command {
            StoreCommand::Verify(args) => verify(args, screen).await,
            StoreCommand::Backup(args) => backup(args, screen).await,
            StoreCommand::Stats(args) => stats(args, screen).await,
        }
    })?
}

/// Looks at everything that is stored, and replays every journal. What is found is data; the exit code says
/// whether it is sound.
async fn verify(args: &InspectArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    let found = access.verify().await?;
    let name = access.path().display();
    if args.json {
        screen.json(&json!({
            "version": 1,
            "ok": found.ok,
            "runs": found.runs,
            "lines": found.lines,
            "problems": found.problems,
            "not_replayed": found.not_replayed,
        }))?;
    } else if found.ok {
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
    Ok(if found.ok { Exit::Done } else { Exit::NotFound })
}

async fn backup(args: &BackupArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let access = Access::open(&args.store.path).await?;
    access.backup(&args.out).await?;
    if args.json {
        screen.json(&json!({"version": 1, "backup": args.out.display().to_string()}))?;
    } else {
        screen.note(&format!("{} is copied to {}", access.path().display(), args.out.display()));
    }
    Ok(Exit::Done)
}

async fn stats(args: &InspectArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let figures = Access::open(&args.store.path).await?.stats().await?;
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
