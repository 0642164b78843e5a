//! The crates, each in a program that links the SQLite it wants.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use peers_child::durable::Settings;

use super::FLAG;

/// A crate in one way of using it.
#[derive(Debug)]
pub struct Peer {
    pub name: &'static str,
    /// The package in `durable/`; this program itself if there is none.
    pub package: Option<&'static str>,
    pub settings: Settings,
    /// How its connections sync by its source, where they cannot be asked.
    pub by_source: Option<&'static str>,
}

const DUROXIDE: Option<&str> = Some("duroxide");
const APALIS: Option<&str> = Some("apalis");

/// Everything that is compared.
pub const PEERS: [Peer; 5] = [
    Peer {
        name: "flowrun",
        package: None,
        settings: Settings::Documented,
        by_source: Some("yes (FULL, by its source)"),
    },
    Peer { name: "duroxide 0.1.32", package: DUROXIDE, settings: Settings::Documented, by_source: None },
    Peer { name: "duroxide 0.1.32, tuned", package: DUROXIDE, settings: Settings::Tuned, by_source: None },
    Peer { name: "apalis-workflow 1.0.0", package: APALIS, settings: Settings::Documented, by_source: None },
    Peer {
        name: "apalis-workflow 1.0.0, tuned",
        package: APALIS,
        settings: Settings::Tuned,
        by_source: None,
    },
];

impl Peer {
    /// What runs it; the question comes as the last argument. None if its program is not built.
    pub fn command(&self) -> io::Result<Option<Command>> {
        let this = std::env::current_exe()?;
        let Some(package) = self.package else {
            let mut command = Command::new(this);
            command.arg(FLAG);
            return Ok(Some(command));
        };
        let program = program(&this, package);
        // Lines of a log are no part of what is measured.
        let command = || {
            let mut command = Command::new(&program);
            command.env("RUST_LOG", "off");
            command
        };
        Ok(program.exists().then(command))
    }
}

/// Builds the programs of all packages beside this one, each from a workspace of its own. What cannot be built is
/// left out, and what the compiler says about it goes to standard error.
pub fn build_all() -> io::Result<()> {
    let this = std::env::current_exe()?;
    let target = this.parent().and_then(Path::parent).ok_or(io::ErrorKind::NotFound)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    for package in [DUROXIDE, APALIS].into_iter().flatten() {
        let manifest: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "durable", package, "Cargo.toml"].iter().collect();
        let built = Command::new(&cargo)
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(target)
            .stdin(Stdio::null())
            .status()?;
        if !built.success() {
            // One of an earlier build is not what is to be measured.
            match std::fs::remove_file(program(&this, package)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Where the program of a package is built: the profile of this one has the same name.
fn program(this: &Path, package: &str) -> PathBuf {
    this.with_file_name(format!("durable-{package}"))
}
