//! `cargo xtask crash`: kills the binary, at random and at every place of the crash matrix.

use crate::settings;
use crate::setup;
use crate::step::{Call, Failed, Steps};

/// What can be set, and the variable that the tests read it from.
const OPTIONS: [(&str, &str); 4] = [
    ("--kills", "FLOWRUN_CRASH_KILLS"),
    ("--chain", "FLOWRUN_CRASH_CHAIN"),
    ("--server", "FLOWRUN_CRASH_SERVER"),
    ("--seed", "FLOWRUN_CRASH_SEED"),
];

const HELP: &str = "cargo xtask crash [--kills COUNT] [--chain COUNT] [--server COUNT] [--seed NUMBER]: kills at \
                    random, kills of one chain, kills of a server, and what stands in for chance";

/// Runs the crash tests, and shows the table of what came of the kills.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let settings = settings::read(&OPTIONS, HELP, arguments)?;
    let mut steps = Steps::new("crash");
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    steps.step("kill", || {
        let words = ["test", "-p", "flowrun-crash", "--test", "crash", "--", "--nocapture"];
        Call::cargo(&words).envs(&settings).run()
    })?;
    steps.finish();
    Ok(())
}
