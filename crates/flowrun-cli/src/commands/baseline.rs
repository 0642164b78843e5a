//! `flowrun baseline`: the pictures that pages are compared with.

use flowrun_artefacts::{PageMemory, Shot};
use serde_json::json;

use super::CommandError;
use crate::args::{BaselineArgs, BaselineCommand, PageArgs};
use crate::exit::Exit;
use crate::render::plain;
use crate::screen::Screen;
use crate::store_file::StoreFile;

/// Does one of the commands on baselines.
pub(crate) fn baseline(args: &BaselineArgs, screen: &Screen) -> Result<Exit, CommandError> {
    match &args.command {
        BaselineCommand::Accept(args) => accept(args, screen),
        BaselineCommand::Show(args) => show(args, screen),
        BaselineCommand::Reset(args) => reset(args, screen),
    }
}

fn accept(args: &PageArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let (artefacts, memories) = known(args)?;
    let mut accepted = Vec::new();
    for mut memory in memories {
        if let Some(latest) = memory.latest.take() {
            memory.baseline = Some(latest);
            artefacts.remember(&memory)?;
            accepted.push(memory);
        }
    }
    if accepted.is_empty() {
        return Err(CommandError::NothingToAccept(plain(args.page.as_str())));
    }
    tell(args, "accepted", &accepted, screen)
}

fn show(args: &PageArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let (_, memories) = known(args)?;
    tell(args, "page", &memories, screen)
}

fn reset(args: &PageArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let (artefacts, memories) = known(args)?;
    for memory in &memories {
        artefacts.forget(&memory.page)?;
    }
    tell(args, "forgotten", &memories, screen)
}

/// What is known of a page: one memory for each window and device it was scanned with.
fn known(args: &PageArgs) -> Result<(flowrun_artefacts::Artefacts, Vec<PageMemory>), CommandError> {
    let file = StoreFile::open(&args.store.path)?;
    let artefacts = file.artefacts()?;
    let mut memories = artefacts.pages()?;
    memories.retain(|memory| memory.page.url == args.page.as_str());
    if memories.is_empty() {
        return Err(CommandError::UnknownPage(plain(args.page.as_str())));
    }
    Ok((artefacts, memories))
}

fn tell(args: &PageArgs, what: &str, memories: &[PageMemory], screen: &Screen) -> Result<Exit, CommandError> {
    if args.json {
        screen.json(&json!({"version": 1, what: memories}))?;
        return Ok(Exit::Done);
    }
    for memory in memories {
        let page = &memory.page;
        let mut text =
            format!("{}  {} on {}\n", plain(&page.url), page.window.replace(',', "×"), plain(&page.device));
        let shots = [("baseline", &memory.baseline), ("last scan", &memory.latest)];
        for (name, shot) in shots.into_iter().filter_map(|(name, shot)| Some((name, shot.as_ref()?))) {
            text += &line(name, shot);
        }
        text += match (what, &memory.latest) {
            ("accepted", _) => "  accepted: the next scan is compared with this picture\n",
            ("forgotten", _) => "  forgotten: the next scan makes a new baseline\n",
            (_, Some(_)) => "  the last scan differs; `flowrun baseline accept` takes it\n",
            (_, None) => "  the last scan looked the same\n",
        };
        screen.data(&text)?;
    }
    Ok(Exit::Done)
}

fn line(name: &str, shot: &Shot) -> String {
    let taken = flowrun::Timestamp::from_micros(i64::try_from(shot.taken_at).unwrap_or_default() * 1_000_000);
    let (browser, fonts, hash) =
        (plain(&shot.browser), plain(&shot.fonts), &shot.hash[..12.min(shot.hash.len())]);
    format!("  {name:<10} {hash}  {taken}  {browser}, {fonts}\n")
}
