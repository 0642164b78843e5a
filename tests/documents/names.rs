//! Crates, examples and fragments: named where they have to be, and the same everywhere.

use std::collections::BTreeSet;
use std::fs;

use crate::{read, root};

/// Kinds of fragments: the headings of the changelog.
const KINDS: [&str; 5] = ["added", "changed", "deprecated", "removed", "fixed"];

fn crates() -> BTreeSet<String> {
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    folders
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_code_map_has_every_crate() {
    let map = read("ARCHITECTURE.md");
    for name in crates() {
        assert!(map.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not mention crates/{name}");
    }
}

#[test]
fn each_crate_is_in_the_workspace() {
    let manifest = read("Cargo.toml");
    for name in crates() {
        assert!(manifest.contains(&format!("\"crates/{name}\"")), "crates/{name} is no member");
    }
}

#[test]
fn the_example_of_the_readme_is_that_of_the_crate() {
    let readme = read("README.md");
    let example = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let crate_docs = read("crates/flowrun/src/lib.rs");
    let docs: Vec<&str> = crate_docs
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let docs = docs.join("\n");
    let in_docs = docs.split("```\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(example, in_docs);
    let lines = example.lines().count();
    assert!(lines <= 40, "the example has {lines} lines; 40 are a screen");
}

#[test]
fn fragments_of_the_changelog_say_what_kind_they_are() {
    for entry in fs::read_dir(root().join("changelog.d")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "README.md" {
            continue;
        }
        let kind = name.strip_suffix(".md").and_then(|stem| stem.rsplit_once('.')).map(|(_, kind)| kind);
        assert!(kind.is_some_and(|kind| KINDS.contains(&kind)), "changelog.d/{name}: NAME.KIND.md");
        assert!(!fs::read_to_string(&path).unwrap().trim().is_empty(), "changelog.d/{name} is empty");
    }
    let described = read("changelog.d/README.md");
    assert!(KINDS.iter().all(|kind| described.contains(&format!("`{kind}`"))));
}
