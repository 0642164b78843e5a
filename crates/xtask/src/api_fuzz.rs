//! `cargo xtask api-fuzz`: requests that Schemathesis makes up, to a server of their own.

use crate::settings::{self, Setting};
use crate::setup;
use crate::step::{Call, Failed, Steps};
use crate::tools;

/// What can be set.
const OPTIONS: [Setting; 2] = [("--requests", "FLOWRUN_API_REQUESTS"), ("--seed", "FLOWRUN_API_SEED")];

const HELP: &str = "cargo xtask api-fuzz [--requests COUNT] [--seed NUMBER]: how many at least (10000), and what stands \
                    in for chance (1)";

/// Sends them, and says how many there were.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let settings = settings::read(&OPTIONS, HELP, arguments)?;
    let mut steps = Steps::new("api-fuzz");
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    tools::API.step(&mut steps)?;
    steps.step("send", || {
        let words = ["test", "-p", "flowrun-cli", "--all-features", "--test", "outside", "--", "--ignored"];
        let words = [&words[..], &["--nocapture", "fuzzed::requests"]].concat();
        Call::cargo(&words).env("FLOWRUN_API_REQUESTS", "10000").envs(&settings).run()
    })?;
    steps.finish();
    Ok(())
}
