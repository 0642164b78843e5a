//! `cargo xtask tools`: what tests need that is no crate, in the tool folder of the checkout and in the versions that
//! the files in `crates/xtask/tools` give. Nothing of it is needed to build or to run flowrun.

mod npm;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use crate::setup;
use crate::step::{Failed, Steps};
use crate::workspace;

/// The folder in the checkout for programs that are not part of it. It is ignored by git.
const FOLDER: &str = ".tools";

/// The file in the folder of a tool that tells what was installed, and is written last.
const STAMP: &str = ".installed";

/// Something that can be installed into the tool folder.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    install: fn() -> Result<Presence, Failed>,
}

/// Whether a tool can be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Here,
    /// This machine cannot have it, and why.
    Absent(String),
}

/// What the API is held against: Schemathesis, a validator, and what the examples in Python import.
pub(crate) const API: Tool = Tool { name: "tools for the API, from PyPI", install: python::api };

/// The original's own client.
pub(crate) const CLIENT: Tool =
    Tool { name: "the client of the original, from PyPI", install: python::client };

/// The compiler of types.
pub(crate) const TYPES: Tool = Tool { name: "openapi-typescript and tsc, from npm", install: npm::install };

/// What scans look at pages with. It is a package of the system, not of the tool folder.
pub(crate) const BROWSER: Tool = Tool { name: "Chromium and fonts, from Debian", install: browser };

const ALL: [Tool; 4] = [API, CLIENT, TYPES, BROWSER];

fn browser() -> Result<Presence, Failed> {
    setup::tools(&[setup::BROWSER, setup::FONTS])?;
    Ok(Presence::Here)
}

/// Installs everything.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    if let Some(unknown) = arguments.first() {
        return Err(Failed::check(format!("tools takes no arguments, and got `{unknown}`"), "leave it out"));
    }
    let mut steps = Steps::new("tools");
    for tool in ALL {
        tool.step(&mut steps)?;
    }
    steps.finish();
    Ok(())
}

impl Tool {
    /// Makes sure that it is there, as a step. One that this machine cannot have is skipped with a line; whether it can
    /// be used is told.
    pub(crate) fn step(&self, steps: &mut Steps) -> Result<bool, Failed> {
        let mut presence = Presence::Here;
        steps.step(self.name, || {
            presence = (self.install)()?;
            Ok(())
        })?;
        if let Presence::Absent(why) = &presence {
            steps.skip(self.name, why);
        }
        Ok(presence == Presence::Here)
    }
}

/// The tool folder.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join(FOLDER)
}

/// A file that says what to install.
fn asked_for(name: &str) -> Result<(PathBuf, String), Failed> {
    let path = workspace::root().join("crates/xtask/tools").join(name);
    let text = fs::read_to_string(&path).map_err(|error| unusable(&path, &error))?;
    Ok((path, text))
}

/// Installs into `folder` unless what is there was made for the same `wanted` text. An attempt that was cut short
/// leaves no stamp, and the next one begins from nothing.
fn keep(folder: &Path, wanted: &str, install: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    forget(folder)?;
    fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
    install()?;
    fs::write(stamp, wanted).map_err(|error| unusable(folder, &error))
}

/// Removes what is installed in `folder`.
fn forget(folder: &Path) -> Result<(), Failed> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(folder, &error)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Failed {
    Failed::check(
        format!("could not use `{}`: {error}", path.display()),
        "see that it is there and can be written",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_kept_until_something_else_is_wanted() {
        let folder = std::env::temp_dir().join(format!("xtask-tools-{}", std::process::id()));
        let mut installed = Vec::new();
        for wanted in ["1", "1", "2"] {
            let fresh = || {
                assert!(!folder.join("left").exists(), "begun from nothing");
                fs::write(folder.join("left"), "").unwrap();
                installed.push(wanted);
                Ok(())
            };
            keep(&folder, wanted, fresh).unwrap();
        }
        assert_eq!(installed, ["1", "2"]);
        // Cut short: what is there is not taken for what was wanted.
        assert!(keep(&folder, "3", || Err(Failed::check("no", "no"))).is_err());
        let mut is_anew = false;
        let install = || {
            is_anew = true;
            Ok(())
        };
        keep(&folder, "3", install).unwrap();
        assert!(is_anew);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn whatever_is_installed_has_its_hashes_written_down() {
        for name in ["python/api.txt", "python/client.txt"] {
            let (_, text) = asked_for(name).unwrap();
            let packages: Vec<&str> =
                text.split("\n\n").flat_map(str::lines).filter(|l| l.contains("==")).collect();
            assert!(packages.len() > 10, "{name}");
            for package in packages {
                assert!(package.ends_with('\\'), "{name}: `{package}` has no hash");
            }
        }
        let (_, lock) = asked_for("npm/package-lock.json").unwrap();
        assert_eq!(lock.matches("\"node_modules/").count(), lock.matches("\"integrity\"").count());
    }
}
