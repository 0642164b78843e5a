//! `conformance DIR [--json]`: replays a directory of recorded cases and says which ones match.
//!
//! Exits with 0, with 1 when a case differs in a way that is not known, with 2 when there is nothing to replay.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use flowrun_conformance::{Case, Summary};

const USAGE: &str = "usage: conformance DIR [--json]

DIR holds recorded cases, in folders `runs`, `conditions` and `templates` or as they are.";

fn main() -> ExitCode {
    let (flags, paths): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [dir] = &paths[..] else { return usage(USAGE) };
    if flags.iter().any(|flag| flag != "--json") {
        return usage(USAGE);
    }
    let cases = match Case::read_dir(&PathBuf::from(dir)) {
        Ok(cases) => cases,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|source| format!(": {source}"));
            return usage(&format!("{error}{}", cause.unwrap_or_default()));
        }
    };
    let summary = Summary::of(&cases);
    let text = if flags.is_empty() { summary.to_string() } else { format!("{:#}\n", summary.to_json()) };
    // A reader that goes away early, like `head`, has seen what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(u8::from(summary.has_mismatch()))
}

fn usage(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(2)
}
