//! No error says its cause a second time: whoever prints an error prints its sources behind it. And every type that
//! is an error for users is named so.

use std::fs;
use std::path::Path;

use super::root;

/// Every error text of a source file that repeats the cause of its error, with what is declared below it.
fn doubled(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in source.split("#[error(").skip(1) {
        let Some((text, rest)) = part.split_once(")]\n") else { continue };
        let declared = declaration(rest);
        let Some(cause) = cause(declared) else { continue };
        let names = |name: &str| {
            let in_text = [format!("{{{name}}}"), format!("{{{name}:")];
            // Behind the text: `.0`, `.source`, or the bare name.
            let arguments = text.rsplit_once('"').map_or("", |(_, arguments)| arguments);
            let is_argument =
                arguments.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
            in_text.iter().any(|place| text.contains(place)) || is_argument
        };
        if !text.starts_with("transparent") && names(&cause) {
            found.push(format!("{text} … {}", declared.trim()));
        }
    }
    found
}

/// The variant or struct that an error text belongs to.
fn declaration(rest: &str) -> &str {
    let end = |open: usize| {
        let close = if rest[open..].starts_with('(') { ')' } else { '}' };
        let mut depth = 0;
        let closes = |c: char| {
            depth += i32::from(c == '(' || c == '{') - i32::from(c == ')' || c == '}');
            depth == 0 && c == close
        };
        rest[open..].find(closes).map_or(rest.len(), |length| open + length)
    };
    let ends_without = rest.find(",\n").unwrap_or(rest.len());
    match rest.find(|c| c == '{' || (c == '(' && !rest.starts_with('#'))) {
        Some(open) if open < ends_without => &rest[..end(open)],
        _ => &rest[..ends_without],
    }
}

/// How the cause is called in the text: its name, or its place among fields without names.
fn cause(declared: &str) -> Option<String> {
    let marked = declared.find("#[from]").or_else(|| declared.find("#[source]"));
    let open = declared.find(['(', '{'])?;
    if declared[open..].starts_with('{') {
        let named = marked.and_then(|place| {
            let (_, rest) = declared[place..].split_once(']')?;
            Some(rest.split_once(':')?.0.trim().trim_start_matches("pub ").to_owned())
        });
        let is_there =
            declared.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "source");
        return named.or_else(|| (is_there && declared.contains("source:")).then(|| "source".to_owned()));
    }
    let before = &declared[open..marked?];
    Some(before.matches(',').count().to_string())
}

/// Every public type of a source file that implements `Error` under another name than one ending in it.
fn misnamed(source: &str) -> Vec<String> {
    let word = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
    let derived = source.split("#[derive(").skip(1).filter_map(|part| {
        let (traits, rest) = part.split_once(")]")?;
        let is_error = traits.split(',').any(|name| name.trim().rsplit("::").next() == Some("Error"));
        // The declaration stands behind attributes and comments, a line each.
        let declared = rest.lines().find(|line| line.contains("struct ") || line.contains("enum "))?;
        let name =
            ["pub struct ", "pub enum "].iter().find_map(|start| declared.trim().strip_prefix(start))?;
        word(name).filter(|_| is_error)
    });
    let implemented = source.split("Error for ").skip(1).filter_map(word);
    let implemented = implemented.filter(|name| {
        let public = ["struct", "enum"].map(|kind| format!("pub {kind} {name}"));
        public.iter().any(|declared| source.contains(declared))
    });
    derived.chain(implemented).filter(|name| !name.ends_with("Error")).collect()
}

/// Every failure of a source file that is written down field by field.
fn literal_failures(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| {
        line.match_indices("Failure {").any(|(at, _)| {
            let before = &line[..at];
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                && !["struct ", "enum ", "impl ", "for ", "&mut ", "&"].iter().any(|word| before.ends_with(word))
                // A pattern takes one apart.
                && !line.contains("let Failure {") && !line.contains("..")
        })
    });
    lines.map(|line| line.trim().to_owned()).collect()
}

/// What is found in the sources below a folder, with the file it is in.
fn search(folder: &Path, look: fn(&str) -> Vec<String>, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            search(&path, look, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(look(&text).into_iter().map(|what| format!("{}: {what}", path.display())));
        }
    }
}

#[test]
fn no_error_says_its_cause_a_second_time() {
    let mut found = Vec::new();
    search(&root().join("crates"), doubled, &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_an_error_for_users_is_named_so() {
    let mut found = Vec::new();
    search(&root().join("crates"), misnamed, &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_error_of_another_name_is_found_out() {
    for source in [
        "#[derive(Clone, Debug, thiserror::Error)]\n#[error(\"no\")]\npub struct NotThere(String);\n",
        "#[derive(Debug, Error)]\n#[non_exhaustive]\npub enum Refused {\n",
        "pub enum Refused {}\nimpl std::error::Error for Refused {}\n",
        "pub struct Lost;\nimpl<T> StdError for Lost {}\n",
    ] {
        assert_eq!(misnamed(source).len(), 1, "{source}");
    }
    for source in [
        "#[derive(Debug, thiserror::Error)]\npub enum ReadError {\n",
        "#[derive(Debug, thiserror::Error)]\nstruct ShutDown;\n",
        "#[derive(Debug, thiserror::Error)]\npub(crate) enum Failed {\n",
        "#[derive(Debug, Clone)]\npub struct Fine;\n",
        "struct Drawn;\nimpl std::error::Error for Drawn {}\n",
    ] {
        assert!(misnamed(source).is_empty(), "{source}");
    }
}

#[test]
fn an_error_that_says_its_cause_is_found_out() {
    let says = |declared: &str| doubled(&format!("#[error({declared}")).len();
    for declared in [
        "\"{0}\")]\n    Rejected(#[from] RejectedError),\n",
        "\"could not read: {0}\")]\n    Io(#[source] io::Error),\n",
        "\"run `{0}` failed: {1}\")]\n    Run(RunId, #[source] io::Error),\n",
        "\"could not read: {}\", .0)]\n    Io(#[from] io::Error),\n",
        "\"could not read: {source}\")]\n    Io {\n        /// Why.\n        source: io::Error,\n    },\n",
        "\"could not read: {why:?}\")]\n    Io {\n        #[source]\n        why: io::Error,\n    },\n",
        "\"could not read: {0}\")]\nstruct Failed(#[from] io::Error);\n",
    ] {
        assert_eq!(says(declared), 1, "{declared}");
    }
    for declared in [
        "transparent)]\n    Rejected(#[from] RejectedError),\n",
        "\"could not read `{0}`\")]\n    Io(String, #[source] io::Error),\n",
        "\"could not read `{}`\", path.display())]\n    Io {\n        path: PathBuf,\n        source: io::Error,\n    },\n",
        "\"there is no `{0}`\")]\n    Missing(String),\n    /// Another.\n    #[x]\n    Io(#[from] io::Error),\n",
    ] {
        assert_eq!(says(declared), 0, "{declared}");
    }
}

#[test]
fn only_the_core_writes_a_failure_down_field_by_field() {
    let mut found = Vec::new();
    for folder in ["crates", "tests"] {
        search(&root().join(folder), literal_failures, &mut found);
    }
    found.retain(|what| !what.contains("/flowrun-core/") && !what.contains("documents/errors.rs"));
    assert!(found.is_empty(), "use `Outcome::failed` and what follows it:\n{}", found.join("\n"));
}

#[test]
fn a_failure_that_is_written_down_is_found_out() {
    for source in
        ["Outcome::Failed(Box::new(Failure { class, message: None, retry_after }))", "x = Failure {"]
    {
        assert_eq!(literal_failures(source).len(), 1, "{source}");
    }
    for source in ["pub struct Failure {", "let Failure { class, .. } = failure;", "SetupFailure { tool }"] {
        assert!(literal_failures(source).is_empty(), "{source}");
    }
}
