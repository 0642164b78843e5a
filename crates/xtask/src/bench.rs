//! `cargo xtask bench-check`, `figures`, `load` and `peers`: what the engine and the server cost, and whether it stays so.

use crate::setup;
use crate::step::{Call, Failed, Steps};

/// Compares ratios to floors with the committed limits. `--sabotage` shows that the check notices.
pub(crate) fn check(arguments: &[String]) -> Result<(), Failed> {
    of_package("bench-check", &["run", "--release", "-p", "benches", "--bin", "bench-check"], arguments)
}

/// Measures everything and prints the table; arguments as for the binary `figures`.
pub(crate) fn figures(arguments: &[String]) -> Result<(), Failed> {
    of_package("figures", &["run", "--release", "-p", "benches", "--bin", "figures"], arguments)
}

/// Measures what the server answers, client and server in processes of their own. `--short` takes less of everything.
pub(crate) fn load(arguments: &[String]) -> Result<(), Failed> {
    of_package("load", &["run", "--release", "-p", "benches", "--bin", "load"], arguments)
}

/// Sets the engine beside other crates, each combination in a process of its own.
pub(crate) fn peers(arguments: &[String]) -> Result<(), Failed> {
    of_package("peers", &["run", "--release", "--manifest-path", "benches/peers/Cargo.toml"], arguments)
}

fn of_package(task: &'static str, words: &[&str], arguments: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::new(task);
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    steps.step("measure", || {
        let mut words = words.to_vec();
        if !arguments.is_empty() {
            words.push("--");
            words.extend(arguments.iter().map(String::as_str));
        }
        Call::cargo(&words).run()
    })?;
    steps.finish();
    Ok(())
}
