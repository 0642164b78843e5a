//! `cargo xtask test`: every test there is.

use crate::setup;
use crate::step::{Call, Failed, Steps};
use crate::tools::{self, Tool};

/// What is built for tests. The lints ask for the same, so that both share what is built.
pub(crate) const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];

/// Leaves out what needs more than Rust.
const WITHOUT_TOOLS: &str = "--without-tools";

/// Tests that need something of the tool folder. Each is marked as ignored, so that cargo alone passes it over.
struct Suite {
    name: &'static str,
    tools: &'static [Tool],
    /// Which tests of which target: what follows `cargo test`.
    words: &'static [&'static str],
}

const SUITES: [Suite; 4] = [
    Suite {
        name: "the API, its types and examples in Python",
        tools: &[tools::API, tools::TYPES],
        words: &["--test", "api", "--", "--ignored"],
    },
    Suite {
        name: "the served API and requests that are made up",
        tools: &[tools::API],
        words: &["--test", "outside", "--", "--ignored", "fuzzed::"],
    },
    Suite {
        name: "the served API and the client of the original",
        tools: &[tools::CLIENT],
        words: &["--test", "outside", "--", "--ignored", "original::"],
    },
    Suite {
        name: "scans with a browser",
        tools: &[tools::BROWSER],
        words: &["--test", "browser", "--test", "scan_browser", "--test", "scan_compared", "--", "--ignored"],
    },
];

/// Runs unit, integration and doc tests with every feature on. What is given beside `--without-tools` is handed to the
/// tests as a filter.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let (without_tools, filter): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| *argument == WITHOUT_TOOLS);
    let mut steps = Steps::new("test");
    steps.step("set-up", || setup::tools(&[setup::C_COMPILER]))?;
    steps.step("tests and doc tests", || {
        let mut words = vec!["test"];
        words.extend(EVERYTHING);
        words.push("--no-fail-fast");
        if !filter.is_empty() {
            words.push("--");
            words.extend(&filter);
        }
        Call::cargo(&words).run()
    })?;
    for suite in SUITES {
        if !without_tools.is_empty() {
            steps.skip(suite.name, &format!("`{WITHOUT_TOOLS}` was given"));
        } else if !filter.is_empty() {
            let call = format!("cargo test {}", suite.words.join(" "));
            steps.skip(suite.name, &format!("a filter was given; after `cargo xtask tools`: {call}"));
        } else {
            suite.run(&mut steps)?;
        }
    }
    steps.finish();
    Ok(())
}

impl Suite {
    fn run(&self, steps: &mut Steps) -> Result<(), Failed> {
        for tool in self.tools {
            if !tool.step(steps)? {
                steps.skip(self.name, &format!("there is no {}", tool.name));
                return Ok(());
            }
        }
        // Of the whole workspace, so that nothing is built twice.
        let words = [&["test"], &EVERYTHING[..], self.words];
        steps.step(self.name, || Call::cargo(&words.concat()).run())
    }
}
