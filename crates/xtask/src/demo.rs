//! `cargo xtask demo`: the main job, with nothing to install.

use crate::setup;
use crate::step::{Call, Failed};

pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    setup::tools(&[setup::C_COMPILER])?;
    let mut words = vec!["run", "--package", "flowrun-cli", "--", "demo"];
    words.extend(arguments.iter().map(String::as_str));
    Call::cargo(&words).run()
}
