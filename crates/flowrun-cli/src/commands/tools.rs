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

/// What is installed: the small browser, and fonts, without which every text is a row of boxes. Debian's packages, in
/// the version Debian has: a browser is only as safe as it is new, and a version that stands in a program is soon none of
/// both. Pictures of another version are not compared with those of the last, so a new one raises no alarm.
const PACKAGES: [&str; 2] = ["chromium-headless-shell", "fonts-liberation"];

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
pub(super) fn missing(settings: &Layer) -> Option<&'static str> {
    match browser(settings) {
        None => Some("there is no browser; `flowrun tools install` installs one"),
        Some(_) if is_root() && settings.allow_unsandboxed != Some(true) => Some(
            "a browser that runs as root has no sandbox; run as another user, or set `allow_unsandboxed` where the \
             pages are your own",
        ),
        Some(_) => None,
    }
}

#[cfg(target_os = "linux")]
fn browser(settings: &Layer) -> Option<PathBuf> {
    let search = std::env::var_os("PATH");
    let found = flowrun_browser::Installed::find(settings.browser.as_deref(), &[], search.as_deref());
    found.ok().map(|installed| installed.path().to_owned())
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

fn install(settings: &Layer, screen: &Screen) -> Result<(), CommandError> {
    if let Some(path) = browser(settings) {
        screen.note(&format!("there is a browser already: {}", path.display()));
        return Ok(());
    }
    let words = [&["install", "-y", "--no-install-recommends"][..], &PACKAGES].concat();
    let by_hand = format!("apt-get update && apt-get {}", words.join(" "));
    if !is_root() {
        return Err(CommandError::Install(format!("packages are installed by root alone: {by_hand}")));
    }
    for words in [&["update"][..], &words] {
        screen.note(&format!("apt-get {}", words.join(" ")));
        // What it says is for people, and must not mix with what this program prints as data.
        let status = Command::new("apt-get")
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

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
