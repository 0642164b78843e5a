//! `cargo xtask demo | test | lint`: the main job and the checks, with all the set-up they need.
//!
//! Each step is an ordinary cargo command. The first that fails ends the whole, and its command is named so
//! that it can be repeated alone.
#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a command line tool that tells what it does")]

mod floors;

use std::process::{Command, ExitCode};
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask <command>

  demo   run flows against a website and message sinks on this machine
  test   every test of the workspace
  lint   formatting, clippy, docs, features one by one, versions of dependencies";

/// What an executor can be built with, each of which must build alone.
const EXECUTOR_FEATURES: [&str; 4] = ["scan", "slack", "email", "webhook"];

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    let done = match command.as_deref() {
        Some("demo") => cargo("run -q -p flowrun-cli -- demo"),
        Some("test") => test(),
        Some("lint") => lint(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<(), String> {
    cargo("test --workspace")
}

fn lint() -> Result<(), String> {
    cargo("fmt --all -- --check")?;
    cargo("clippy --workspace --all-targets -- -D warnings")?;
    for feature in EXECUTOR_FEATURES {
        cargo(&format!("check -q -p flowrun-executors --no-default-features --features {feature}"))?;
    }
    let mut docs = Command::new(env!("CARGO"));
    docs.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    run("RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps", &mut docs)?;
    wasm()?;
    floors::check()
}

/// Builds the core for the browser, where the target is there. It keeps sockets and clocks out of it.
fn wasm() -> Result<(), String> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let is_there = installed.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(TARGET));
    if !is_there {
        eprintln!("xtask: skipped the check for {TARGET}: rustup target add {TARGET}");
        return Ok(());
    }
    cargo(&format!("check -p flowrun-core --target {TARGET}"))
}

fn cargo(arguments: &str) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments.split_whitespace());
    run(&format!("cargo {arguments}"), &mut command)
}

fn run(shown: &str, command: &mut Command) -> Result<(), String> {
    eprintln!("xtask: {shown}");
    let began = Instant::now();
    let status = command.status().map_err(|error| format!("could not run `{shown}`: {error}"))?;
    if !status.success() {
        return Err(format!("`{shown}` failed"));
    }
    eprintln!("xtask: {:.1} s for {shown}", began.elapsed().as_secs_f64());
    Ok(())
}
