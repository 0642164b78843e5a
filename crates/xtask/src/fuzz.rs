//! `cargo xtask fuzz [--seconds N | --runs N] [TARGET…]`: libFuzzer over the targets of `fuzz/`.
//!
//! Needs the nightly toolchain, as the fuzzer's instrumentation does. Without it the targets still run over
//! their corpora, in `cargo xtask test`. Debug assertions and overflow checks are on. There is no address
//! sanitizer: it would take most of the time to look for what safe Rust cannot do.

use crate::setup;
use crate::step::{Call, Failed, Steps};
use crate::workspace;

/// Targets whose bytes are choices and no texts: what the code compares teaches a fuzzer nothing about them, and
/// to watch it takes half of the time.
const MADE_OF_CHOICES: [&str; 2] = ["events", "flow_graph"];

/// Fuzzes each target for so many seconds, 60 by default, or with so many inputs. What is found is kept in
/// `fuzz/artifacts/`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let Asked { limit, targets } = Asked::of(arguments)?;
    let mut steps = Steps::new("fuzz");
    steps.step("set-up", || {
        setup::tools(&[setup::C_COMPILER])?;
        setup::nightly()?;
        setup::crate_tool("cargo-fuzz", "0.13.2")
    })?;
    let tool = setup::tool_path("cargo-fuzz");
    for target in targets {
        steps.step(&target, || {
            // What is found new goes to an ignored folder; the corpus that is kept is only read.
            let grown = format!("target/fuzz-corpus/{target}");
            let kept = format!("fuzz/corpus/{target}");
            let made = std::fs::create_dir_all(workspace::root().join(&grown));
            made.map_err(|error| {
                Failed::check(format!("could not make `{grown}`: {error}"), "free some space")
            })?;
            let mut words = vec!["fuzz", "run", "--sanitizer=none"];
            if MADE_OF_CHOICES.contains(&&*target) {
                words.push("--no-trace-compares");
            }
            words.extend([&*target, &grown, &kept, "--", &limit]);
            words.extend(["-timeout=10", "-max_len=4096", "-print_final_stats=1"]);
            // Linked without optimising across crates: that takes minutes for each target and finds nothing.
            let call = Call::new(&tool, &words).env("RUSTUP_TOOLCHAIN", "nightly");
            call.env("CARGO_PROFILE_RELEASE_LTO", "off").run()
        })?;
    }
    steps.finish();
    Ok(())
}

/// What ends the fuzzing of a target, here and for libFuzzer.
const LIMITS: [(&str, &str); 2] = [("--seconds", "-max_total_time"), ("--runs", "-runs")];

struct Asked {
    /// When a target has had enough, as libFuzzer is told.
    limit: String,
    targets: Vec<String>,
}

impl Asked {
    fn of(arguments: &[String]) -> Result<Self, Failed> {
        let all = all_targets()?;
        let (mut limit, mut targets) = ("-max_total_time=60".to_owned(), Vec::new());
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let option = LIMITS.iter().find(|(name, _)| name == argument);
            if let Some((name, option)) = option {
                let given: Option<u32> = rest.next().and_then(|text| text.parse().ok());
                let number = given.ok_or_else(|| {
                    Failed::check(format!("`{name}` needs a number"), format!("such as {name} 60"))
                })?;
                limit = format!("{option}={number}");
            } else if all.contains(argument) {
                targets.push(argument.clone());
            } else {
                let help = format!("targets are {}", all.join(", "));
                return Err(Failed::check(format!("there is no fuzz target `{argument}`"), help));
            }
        }
        Ok(Self { limit, targets: if targets.is_empty() { all } else { targets } })
    }
}

/// The targets, by their programs.
fn all_targets() -> Result<Vec<String>, Failed> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let unreadable =
        |error| Failed::check(format!("could not read `fuzz/fuzz_targets`: {error}"), "check the checkout");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Asked, Failed> {
        Asked::of(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn targets_and_limits_are_chosen_by_name() {
        let Asked { limit, targets } = asked(&["--seconds", "5", "flow_text"]).unwrap();
        assert_eq!((&*limit, targets), ("-max_total_time=5", vec!["flow_text".to_owned()]));
        assert_eq!(asked(&["--runs", "1000"]).unwrap().limit, "-runs=1000");
        assert!(asked(&[]).unwrap().targets.len() >= 7);
        assert!(asked(&["--seconds"]).is_err());
        let refused = asked(&["flow_txt"]).err().unwrap().to_string();
        assert!(refused.contains("no fuzz target `flow_txt`") && refused.contains("flow_text"), "{refused}");
    }
}
