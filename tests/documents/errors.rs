//! No error says its cause a second time: whoever prints an error prints its sources behind it.

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

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(doubled(&text).into_iter().map(|what| format!("{}: {what}", path.display())));
        }
    }
}

#[test]
fn no_error_says_its_cause_a_second_time() {
    let mut found = Vec::new();
    sources(&root().join("crates"), &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_error_that_says_its_cause_is_found_out() {
    let says = |declared: &str| doubled(&format!("#[error({declared}")).len();
    for declared in [
        "\"{0}\")]\n    Rejected(#[from] Rejected),\n",
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
        "transparent)]\n    Rejected(#[from] Rejected),\n",
        "\"could not read `{0}`\")]\n    Io(String, #[source] io::Error),\n",
        "\"could not read `{}`\", path.display())]\n    Io {\n        path: PathBuf,\n        source: io::Error,\n    },\n",
        "\"there is no `{0}`\")]\n    Missing(String),\n    /// Another.\n    #[x]\n    Io(#[from] io::Error),\n",
    ] {
        assert_eq!(says(declared), 0, "{declared}");
    }
}
