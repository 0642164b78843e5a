//! `cargo xtask sim`: stories in which everything goes wrong, as many as one likes.

use crate::step::{Call, Failed, Steps};

/// Plays the stories of `--seeds N` seeds from `--seed S` on; what else there is, the program says itself.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let mut steps = Steps::new("sim");
    steps.step("play", || {
        let mut words = vec!["run", "--release", "-p", "flowrun-testkit", "--features", "chaos"];
        words.extend(["--bin", "chaos", "--"]);
        words.extend(arguments.iter().map(String::as_str));
        Call::cargo(&words).run()
    })?;
    steps.finish();
    Ok(())
}
