//! What the workspace depends on: what core may not, and everything cargo-deny knows.

use crate::step::{Call, Failed, Steps};
use crate::workspace;

/// Crates that bring a clock, sockets or a runtime. Core decides; drivers perform.
const NOT_IN_CORE: [&str; 7] = ["async-std", "futures-executor", "hyper", "mio", "rand", "socket2", "tokio"];

/// Most crates core names itself.
const CORE_LIMIT: usize = 8;

/// The checks of `deny.toml` that need nothing from outside. Advisories do: cargo-deny clones their database.
const DENY_CHECKS: [&str; 3] = ["bans", "licenses", "sources"];

/// Core stays pure and small.
pub(super) fn check_core() -> Result<(), Failed> {
    let tree = Call::cargo(&[
        "tree",
        "--package",
        "flowrun-core",
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "depth",
        "--format",
        " {p}",
    ])
    .read()?;
    let findings = core_findings(&tree);
    if findings.is_empty() {
        return Ok(());
    }
    let help = "core is pure: take it as an argument, or do it in the engine".to_owned();
    Err(Failed::Check { findings, help })
}

/// Reads lines such as `1 serde v1.0.229`.
fn core_findings(tree: &str) -> Vec<String> {
    let lines = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let mut findings: Vec<String> = lines
        .clone()
        .filter(|(_, name)| NOT_IN_CORE.contains(name))
        .map(|(_, name)| format!("`flowrun-core` depends on `{name}`"))
        .collect();
    findings.dedup();
    let direct = lines.filter(|(depth, _)| *depth == "1").count();
    if direct > CORE_LIMIT {
        findings.push(format!("`flowrun-core` names {direct} crates; {CORE_LIMIT} is the limit"));
    }
    findings
}

/// Runs cargo-deny if the machine or the ignored folder `.tools` has it. Building it takes longer than all the
/// other lints, so it is not installed here; the rules that guard against known holes are checked without it,
/// by [`floors`](super::floors).
pub(super) fn cargo_deny(steps: &mut Steps) -> Result<(), Failed> {
    steps.skip("advisories", "their database has to be fetched; `cargo deny check advisories` does that");
    let own = workspace::root().join(".tools/bin/cargo-deny");
    let own = own.to_string_lossy();
    let Some(program) =
        ["cargo-deny", &own].into_iter().find(|program| Call::new(program, &["--version"]).succeeds())
    else {
        steps.skip("cargo-deny", "`cargo install cargo-deny --locked --root .tools` brings it");
        return Ok(());
    };
    steps.step("cargo-deny", || {
        let words = [&["--all-features", "check", "--hide-inclusion-graph"], &DENY_CHECKS[..]];
        Call::new(program, &words.concat()).run()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_or_a_socket_in_core_is_found_however_deep() {
        let tree = "0 flowrun-core v0.1.0 (x)\n1 serde v1.0.1\n2 mio v1.0.0\n3 mio v1.0.0 (*)\n";
        assert_eq!(core_findings(tree), ["`flowrun-core` depends on `mio`"]);
    }

    #[test]
    fn core_names_few_crates() {
        let tree: String = (0..9).map(|index| format!("1 crate{index} v1.0.0\n")).collect();
        assert_eq!(core_findings(&tree), ["`flowrun-core` names 9 crates; 8 is the limit"]);
        assert_eq!(core_findings(&tree.replace("1 crate8", "2 crate8")), [""; 0]);
    }
}
