//! `cargo xtask test`: every test there is.

use crate::setup;
use crate::step::{Call, Failed, Steps};

/// What is built for tests. The lints ask for the same, so that both share what is built.
pub(crate) const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];

/// Runs unit, integration and doc tests with every feature on. `filter` is handed to the tests.
pub(crate) fn run(filter: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::new("test");
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    steps.step("tests and doc tests", || {
        let mut words = vec!["test"];
        words.extend(EVERYTHING);
        words.push("--no-fail-fast");
        if !filter.is_empty() {
            words.push("--");
            words.extend(filter.iter().map(String::as_str));
        }
        Call::cargo(&words).run()
    })?;
    steps.finish();
    Ok(())
}
