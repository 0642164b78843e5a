//! Packages from PyPI, each set of them in an environment of its own.

use super::{Presence, asked_for, folder, forget, keep};
use crate::setup;
use crate::step::{Call, Failed};

/// Asked of an interpreter: whether it is new enough, and can make environments.
const CAN_INSTALL: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, MINOR))";

/// Names that interpreters go by, beside those that version managers keep.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

pub(super) fn api() -> Result<Presence, Failed> {
    if interpreter(11).is_none() {
        setup::tools(&[setup::PYTHON])?;
    }
    install("api", 11)
}

pub(super) fn client() -> Result<Presence, Failed> {
    install("client", 12)
}

/// Installs what the file of this name lists, with a Python of at least 3.`minor`.
fn install(name: &str, minor: u8) -> Result<Presence, Failed> {
    let Some(python) = interpreter(minor) else {
        return Ok(Presence::Absent(format!("it needs Python 3.{minor} or newer, and there is none here")));
    };
    let (list, wanted) = asked_for(&format!("python/{name}.txt"))?;
    let environment = folder().join("python").join(name);
    let own = environment.join("bin/python").to_string_lossy().into_owned();
    // An environment leans on the interpreter that made it, which may be gone.
    if !Call::new(&own, &["-c", ""]).succeeds() {
        forget(&environment)?;
    }
    keep(&environment, &wanted, || {
        Call::new(&python, &["-m", "venv", &environment.to_string_lossy()]).run()?;
        let list = list.to_string_lossy();
        // Wheels only: nothing that is fetched is run before its hash is checked, or to find out what it needs.
        let words = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"];
        let words = [&words[..], &["--require-hashes", "--only-binary", ":all:", "--requirement", &list]];
        Call::new(&own, &words.concat()).run()
    })?;
    Ok(Presence::Here)
}

/// A Python of at least 3.`minor` that can make environments.
fn interpreter(minor: u8) -> Option<String> {
    let asked = CAN_INSTALL.replace("MINOR", &minor.to_string());
    let named = NAMES.iter().map(|&name| name.to_owned());
    named
        .chain(kept_by_pyenv())
        .chain(known_to_uv(minor))
        .find(|python| Call::new(python, &["-c", &asked]).succeeds())
}

/// The interpreters of pyenv: what it puts on the path is only the one that is switched on.
fn kept_by_pyenv() -> Vec<String> {
    let Ok(root) = Call::new("pyenv", &["root"]).read() else { return Vec::new() };
    let Ok(versions) = std::fs::read_dir(std::path::Path::new(root.trim()).join("versions")) else {
        return Vec::new();
    };
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin/python3")));
    let mut found: Vec<String> = versions.map(|path| path.to_string_lossy().into_owned()).collect();
    found.sort();
    found
}

fn known_to_uv(minor: u8) -> Option<String> {
    let wanted = format!(">=3.{minor}");
    let found = Call::new("uv", &["python", "find", "--no-python-downloads", &wanted]).read().ok()?;
    Some(found.trim().to_owned())
}
