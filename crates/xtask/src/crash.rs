//! `cargo xtask crash`: kills the binary, at random and at every place of the crash matrix.

use crate::setup;
use crate::step::{Call, Failed, Steps};

/// What can be set, and the variable that the tests read it from.
const OPTIONS: [(&str, &str); 3] = [
    ("--kills", "FLOWRUN_CRASH_KILLS"),
    ("--chain", "FLOWRUN_CRASH_CHAIN"),
    ("--seed", "FLOWRUN_CRASH_SEED"),
];

const HELP: &str = "cargo xtask crash [--kills COUNT] [--chain COUNT] [--seed NUMBER]: kills at random, kills of \
                    one chain, and what stands in for chance";

/// Runs the crash tests, and shows the table of what came of the kills.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let settings = settings(arguments)?;
    let mut steps = Steps::new("crash");
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    steps.step("kill", || {
        let words = ["test", "-p", "flowrun-crash", "--test", "crash", "--", "--nocapture"];
        settings.iter().fold(Call::cargo(&words), |call, (name, value)| call.env(name, value)).run()
    })?;
    steps.finish();
    Ok(())
}

/// The variables that the arguments stand for.
fn settings(arguments: &[String]) -> Result<Vec<(&'static str, &str)>, Failed> {
    let pairs = arguments.chunks(2).map(|pair| {
        let [name, value] = pair else { return None };
        let (_, variable) = OPTIONS.iter().find(|(option, _)| option == name)?;
        value.parse::<u32>().ok()?;
        Some((*variable, value.as_str()))
    });
    pairs.collect::<Option<_>>().ok_or_else(|| Failed::check("these are not its arguments", HELP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_names_with_numbers() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            settings(&words).map(|settings| settings.len()).ok()
        };
        assert_eq!(of(&["--kills", "5", "--seed", "7"]), Some(2));
        assert_eq!([of(&["--kills"]), of(&["--kills", "x"]), of(&["--deaths", "5"])], [None; 3]);
    }
}
