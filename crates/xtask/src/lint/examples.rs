//! How many of the lines that a user reads show something that runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::unreadable;
use crate::step::Failed;
use crate::workspace;

/// The crates that others program against.
const CRATES: [&str; 2] = ["crates/flowrun-core/src", "crates/flowrun/src"];

/// Examples for every thousand lines, tests not counted.
const LEAST: f64 = 4.0;

pub(super) fn check() -> Result<(), Failed> {
    for folder in CRATES {
        let (mut lines, mut examples) = (0, 0);
        let files = sources(&workspace::root().join(folder)).map_err(|error| unreadable(folder, &error))?;
        for file in files {
            let text = fs::read_to_string(&file).map_err(|error| unreadable(folder, &error))?;
            let (in_file, of_file) = count(&text);
            (lines, examples) = (lines + in_file, examples + of_file);
        }
        if f64::from(examples) * 1_000.0 < f64::from(lines) * LEAST {
            let said = format!(
                "`{folder}` has {examples} examples for {lines} lines, fewer than {LEAST} a thousand"
            );
            return Err(Failed::check(said, "show in its docs how what was added is used"));
        }
    }
    Ok(())
}

/// The Rust files below a folder that are no tests.
fn sources(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(&*name, "tests" | "properties") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The lines of a file before its tests, and the examples in its docs that are run.
fn count(text: &str) -> (u32, u32) {
    let (mut lines, mut fences) = (0, 0);
    for line in text.lines().take_while(|line| *line != "mod tests {") {
        lines += 1;
        let doc = line.trim_start().strip_prefix("///").or_else(|| line.trim_start().strip_prefix("//!"));
        fences += u32::from(doc.is_some_and(|doc| doc.trim() == "```"));
    }
    (lines, fences / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_counts_and_tests_do_not() {
        let text = "//! ```\n//! run();\n//! ```\nfn a() {}\n    /// ```\n    /// b();\n    /// ```\n#[cfg(test)]\nmod tests {\n/// ```\n/// ```\n";
        assert_eq!(count(text), (8, 2));
        assert_eq!(count("/// ```text\n/// drawn\n/// ```\n"), (3, 0), "a drawing is no example");
    }
}
