//! What a machine needs beside Rust: looked for, and installed where that is possible.
//!
//! Knows Debian and its relatives, as root. Anywhere else it names the command and leaves it to the person.

use crate::step::{Call, Failed};
use crate::tools;

/// A program that a task calls.
pub(crate) struct Tool {
    /// A call that succeeds if it is there.
    probe: &'static [&'static str],
    /// The Debian package that brings it.
    package: &'static str,
    /// Who needs it.
    needed_by: &'static str,
}

/// A C compiler: `ring`, the cryptography below TLS, has parts in C and assembler.
pub(crate) const C_COMPILER: Tool =
    Tool { probe: &["cc", "--version"], package: "build-essential", needed_by: "the TLS of executors" };

/// Lists the files of the repository.
pub(crate) const GIT: Tool =
    Tool { probe: &["git", "--version"], package: "git", needed_by: "the check of files" };

/// An interpreter that can make environments. Debian has what makes them in a package of its own.
pub(crate) const PYTHON: Tool = Tool {
    probe: &["python3", "-c", "import ensurepip, venv"],
    package: "python3-venv",
    needed_by: "the tests of the API",
};

/// The client of the npm registry, with Node.js.
pub(crate) const NPM: Tool =
    Tool { probe: &["npm", "--version"], package: "npm", needed_by: "the types of the API" };

/// What scans look at pages with.
pub(crate) const BROWSER: Tool = Tool {
    probe: &["chromium-headless-shell", "--version"],
    package: "chromium-headless-shell",
    needed_by: "the tests of scans with a browser",
};

/// Without any fonts every text in a picture is a row of boxes.
pub(crate) const FONTS: Tool = Tool {
    probe: &["test", "-d", "/usr/share/fonts/truetype/liberation"],
    package: "fonts-liberation",
    needed_by: "the tests of scans with a browser",
};

/// Makes sure that the tools are there.
pub(crate) fn tools(tools: &[Tool]) -> Result<(), Failed> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    let install = [&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat();
    if !is_root_on_debian() {
        let findings = missing
            .iter()
            .map(|tool| format!("`{}` is missing, which is needed for {}", tool.probe[0], tool.needed_by));
        let help = format!("install it: sudo apt-get install {}", packages.join(" "));
        return Err(Failed::Check { findings: findings.collect(), help });
    }
    Call::new("apt-get", &["update"]).run()?;
    Call::new("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive").run()
}

/// Makes sure that a component of the toolchain is there.
pub(crate) fn component(name: &str, cargo_command: &str) -> Result<(), Failed> {
    if Call::new("cargo", &[cargo_command, "--version"]).succeeds() {
        return Ok(());
    }
    Call::new("rustup", &["component", "add", name]).run()
}

/// Makes sure that there is a nightly toolchain.
pub(crate) fn nightly() -> Result<(), Failed> {
    if Call::new("cargo", &["+nightly", "--version"]).succeeds() {
        return Ok(());
    }
    Call::new("rustup", &["toolchain", "install", "nightly", "--profile", "minimal"]).run()
}

/// Makes sure that a subcommand of cargo from the crate registry is in the tool folder, in this version.
pub(crate) fn crate_tool(name: &str, version: &str) -> Result<(), Failed> {
    let has_version = |text: String| text.split_whitespace().any(|word| word == version);
    // As cargo calls it: some take nothing else.
    let subcommand = name.strip_prefix("cargo-").unwrap_or(name);
    if Call::new(&tool_path(name), &[subcommand, "--version"]).read().is_ok_and(has_version) {
        return Ok(());
    }
    let root = tools::folder();
    Call::new(
        "cargo",
        &["install", name, "--version", version, "--locked", "--root", &root.to_string_lossy()],
    )
    .run()
}

/// Where a program of the tool folder is.
pub(crate) fn tool_path(name: &str) -> String {
    tools::folder().join("bin").join(name).to_string_lossy().into_owned()
}

fn is_there(tool: &Tool) -> bool {
    Call::new(tool.probe[0], &tool.probe[1..]).succeeds()
}

fn is_root_on_debian() -> bool {
    let is_root = Call::new("id", &["-u"]).read().is_ok_and(|id| id.trim() == "0");
    is_root && Call::new("apt-get", &["--version"]).succeeds()
}
