//! `flowrun tools`: what scans find on this machine.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::CommandError;
use crate::args::{ToolsArgs, ToolsCommand};
use crate::configure::configure;
use crate::exit::Exit;
use crate::render::plain_line;
use crate::screen::Screen;
use crate::settings::Layer;

/// The command that installs a browser.
const INSTALL: &str = "flowrun tools install";

/// What is said where there is none.
const NOT_INSTALLED: &str = "there is no browser; `flowrun tools install` installs one";

/// Shows the tools, or installs them.
pub(crate) fn tools(args: &ToolsArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let settings = configure(args.settings.clone(), Vec::new())?;
    if let Some(ToolsCommand::Install) = args.command {
        install(&settings, screen)?;
    }
    let browser = browser(&settings);
    let version = browser.as_ref().and_then(version);
    if args.json {
        screen.json(&json!({
            "version": 1,
            "tools": [{
                "name": "browser",
                "path": browser.as_ref().map(|path| path.display().to_string()),
                "tool_version": version,
                "components": ["logs", "vrt"],
                "install": INSTALL,
            }],
        }))?;
    } else {
        let told = match &browser {
            Some(path) => {
                format!("{}, {}", version.as_deref().unwrap_or("a version it does not tell"), path.display())
            }
            None => format!("not installed; `{INSTALL}` does it"),
        };
        screen.data(&format!("browser  logs, vrt  {}\n", plain_line(&told)))?;
    }
    Ok(if browser.is_some() { Exit::Done } else { Exit::NotFound })
}

/// Why scans have no browser, and what to do about it; `None` when they have one.
#[cfg(target_os = "linux")]
pub(super) fn missing(settings: &Layer) -> Option<String> {
    let error = crate::wiring::browsers(settings).usable().err()?;
    Some(match (&error, error.help()) {
        (flowrun_browser::BrowserError::NotInstalled(_), _) => NOT_INSTALLED.to_owned(),
        (_, Some(help)) => format!("{error}; {help}"),
        (_, None) => error.to_string(),
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn missing(_: &Layer) -> Option<String> {
    Some(NOT_INSTALLED.to_owned())
}

#[cfg(target_os = "linux")]
fn browser(settings: &Layer) -> Option<PathBuf> {
    crate::wiring::browsers(settings).installed().ok().map(|installed| installed.path().to_owned())
}

/// Elsewhere nothing would end a browser with the process that started it.
#[cfg(not(target_os = "linux"))]
fn browser(_: &Layer) -> Option<PathBuf> {
    None
}

fn version(path: &PathBuf) -> Option<String> {
    let told = Command::new(path).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&told.stdout);
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(target_os = "linux")]
fn install(settings: &Layer, screen: &Screen) -> Result<(), CommandError> {
    use flowrun_browser::INSTALL as BY_HAND;

    if let Some(path) = browser(settings) {
        screen.note(&format!("there is a browser already: {}", path.display()));
        return Ok(());
    }
    let by_hand = format!("apt-get update && {BY_HAND}");
    if !rustix::process::geteuid().is_root() {
        return Err(CommandError::Install(format!("packages are installed by root alone: {by_hand}")));
    }
    for call in ["apt-get update", BY_HAND] {
        screen.note(call);
        let mut words = call.split(' ');
        // What it says is for people, and must not mix with what this program prints as data.
        let status = Command::new(words.next().unwrap_or_default())
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(std::io::stderr())
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(CommandError::Install(format!("apt-get ended with {status}"))),
            Err(error) => {
                return Err(CommandError::Install(format!("apt-get is not here ({error}): {by_hand}")));
            }
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn install(_: &Layer, _: &Screen) -> Result<(), CommandError> {
    Err(CommandError::Install("scans have a browser on Linux alone".to_owned()))
}
