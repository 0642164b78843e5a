//! `cargo xtask mutants`: small mistakes are put into the core, one at a time, and its tests have to notice.
//!
//! Owns which mutants are tried with which tests; making and building them is the work of cargo-mutants. What is
//! known is written down, so that the next call continues where one ended or was stopped.

mod ask;
mod book;

use std::fs;

use crate::setup;
use crate::step::{Call, Failed, Steps};
use crate::workspace;
use ask::Asked;
use book::{Book, Outcome};

/// The parts of the core that decide; the rest of it is data.
const MODULES: [&str; 4] = ["condition", "template", "plan", "run"];

/// What a passing check asks for, in percent.
const ENOUGH: usize = 90;

/// Everything that is kept between calls.
const FOLDER: &str = "target/mutants";

/// Some tests of the core, and what is known of the mutants by them.
struct Pass {
    name: &'static str,
    /// Seconds after which a test that goes on counts as one that noticed.
    timeout: &'static str,
    /// Inputs to each property.
    cases: &'static str,
    tests: &'static [&'static str],
}

/// Tests of a second, which notice most mutants, and then all of them for the mutants that are left.
const PASSES: [Pass; 2] = [
    Pass {
        name: "quick",
        timeout: "30",
        cases: "32",
        tests: &[
            "--lib",
            "--tests",
            "--",
            "--skip",
            "exhaustive",
            "--skip",
            "0_000",
            "--skip",
            "over_the_default",
        ],
    },
    Pass { name: "whole", timeout: "180", cases: "256", tests: &[] },
];

/// Tries the chosen mutants that were not tried yet, says what came of all of them, and fails when the tests
/// notice too few.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let asked = Asked::of(arguments)?;
    let mut steps = Steps::new("mutants");
    steps.step("set-up", || {
        setup::tools(&[setup::C_COMPILER])?;
        setup::crate_tool("cargo-mutants", "27.1.0")
    })?;
    let chosen = asked.choose(&all_mutants()?);
    let mut most = asked.most;
    let mut books = Vec::new();
    for pass in &PASSES {
        let mut book = Book::open(&format!("{FOLDER}/{}", pass.name))?;
        if asked.again {
            book.forget_missed()?;
        }
        let missed_before = |name: &String| books.iter().all(|book: &Book| book.has_missed(name));
        let mut left: Vec<String> =
            chosen.iter().filter(|name| missed_before(name) && book.get(name).is_none()).cloned().collect();
        left.truncate(most);
        most -= left.len();
        if !left.is_empty() {
            steps
                .step(&format!("{} with the {} tests", left.len(), pass.name), || pass.try_mutants(&left))?;
            book.take_in()?;
        }
        books.push(book);
    }
    report(&chosen, &books)?;
    steps.finish();
    Ok(())
}

/// A call of cargo-mutants for the modules that are looked at.
fn call(arguments: &[&str]) -> Call {
    let files: Vec<String> =
        MODULES.iter().map(|module| format!("crates/flowrun-core/src/{module}/**")).collect();
    let mut words = vec!["mutants", "--package", "flowrun-core"];
    for file in &files {
        words.extend(["--file", file]);
    }
    words.extend(arguments);
    Call::new(&setup::tool_path("cargo-mutants"), &words)
}

/// The names of all mutants, in the order of their places.
fn all_mutants() -> Result<Vec<String>, Failed> {
    Ok(call(&["--list"]).read()?.lines().map(str::to_owned).collect())
}

impl Pass {
    /// Has each of them built and tested, in a copy of the checkout.
    fn try_mutants(&self, names: &[String]) -> Result<(), Failed> {
        let folder = format!("{FOLDER}/{}", self.name);
        let config = format!("{folder}/chosen.toml");
        let patterns: String =
            names.iter().map(|name| format!("    {:?},\n", format!("^{}$", literally(name)))).collect();
        fs::write(workspace::root().join(&config), format!("examine_re = [\n{patterns}]\n")).map_err(
            |error| Failed::check(format!("could not write `{config}`: {error}"), "free some space"),
        )?;
        let mut words = vec!["--config", &config, "--output", &folder, "--profile", "mutants", "--jobs", "1"];
        words.extend(["--timeout", self.timeout, "--caught", "--"]);
        words.extend(self.tests);
        let build = format!("{FOLDER}/build");
        let outcome = call(&words)
            // One seed, no shrinking and no file of failures: the same answer for the same mutant, and soon.
            .env("PROPTEST_CASES", self.cases)
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
            // A mutant is a change of one line: what was compiled for the last one is most of the next.
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_TARGET_DIR", &workspace::root().join(&build).to_string_lossy())
            .run();
        // It is of no use to the next copy, which has another name.
        let _ = fs::remove_dir_all(workspace::root().join(format!("{build}/mutants/incremental")));
        match outcome {
            // Mutants that were missed, or that ran out of time: an answer, and no failure of the tool.
            Err(Failed::Command { status: Some(status), .. }) if matches!(status.code(), Some(2 | 3)) => {
                Ok(())
            }
            other => other,
        }
    }
}

/// A regular expression for a text. Only what has a meaning is escaped: `\<` would be a meaning of its own.
fn literally(text: &str) -> String {
    let escape = |c: char| r"\.+*?()|[]{}^$".contains(c).then_some('\\');
    text.chars().flat_map(|c| escape(c).into_iter().chain([c])).collect()
}

/// Says how many were caught, and names the others.
fn report(chosen: &[String], books: &[Book]) -> Result<(), Failed> {
    // The last tests that a mutant was tried with know more than those before.
    let last = |name: &String| books.iter().rev().find_map(|book| book.get(name));
    let of = |wanted: Option<Outcome>| chosen.iter().filter(move |name| last(name) == wanted);
    let count = |outcome| of(Some(outcome)).count();
    let (caught, timeout, missed) = (count(Outcome::Caught), count(Outcome::Timeout), count(Outcome::Missed));
    eprintln!(
        "\n{} mutants: {caught} caught, {missed} missed, {timeout} timeout, {} unviable, {} not tried yet",
        chosen.len(),
        count(Outcome::Unviable),
        of(None).count()
    );
    let survivors: Vec<String> = of(Some(Outcome::Missed)).cloned().collect();
    for name in &survivors {
        eprintln!("  missed: {name}");
    }
    let noticed = caught + timeout;
    let viable = noticed + missed;
    if viable > 0 {
        eprintln!("{:.1} % noticed", 100.0 * noticed as f64 / viable as f64);
    }
    if noticed * 100 < viable * ENOUGH {
        let help = "write the tests that notice them, then add --again";
        return Err(Failed::check(format!("less than {ENOUGH} % of the mutants are noticed"), help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_as_it_is_spelt() {
        assert_eq!(literally("f.rs:1: a -> [b|c]"), r"f\.rs:1: a -> \[b\|c\]");
    }
}
