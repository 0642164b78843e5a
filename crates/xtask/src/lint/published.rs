//! What is published, and whether a registry could build it.

use std::collections::BTreeMap;
use std::fs;

use super::unreadable;
use crate::step::{Call, Failed};
use crate::workspace;

/// Files without which a package is not published.
const NEEDED: [&str; 3] = ["Cargo.toml", "README.md", "src/lib.rs"];

/// No package that is published depends on one that is not, not even to be tested.
pub(super) fn check_dependencies() -> Result<(), Failed> {
    let read = |name: &str| {
        fs::read_to_string(workspace::root().join(name)).map_err(|error| unreadable(name, &error))
    };
    let root = read("Cargo.toml")?;
    let mut manifests = BTreeMap::new();
    for member in members(&root) {
        manifests.insert(member.to_owned(), read(&format!("{member}/Cargo.toml"))?);
    }
    let findings = unpublished(&root, &manifests);
    if findings.is_empty() {
        return Ok(());
    }
    let help = "publish what it needs, or move what needs it out of the package: docs/design/published.md";
    Err(Failed::Check { findings, help: help.to_owned() })
}

/// Every package that is published can be packed, with the files that it needs.
pub(super) fn check_packages() -> Result<(), Failed> {
    let mut findings = Vec::new();
    for (package, manifest) in workspace::crates().map_err(|error| unreadable("crates", &error))? {
        if !is_published(&manifest) {
            continue;
        }
        let listed = Call::cargo(&["package", "--list", "--allow-dirty", "--package", &package]).read()?;
        let is_there = |file: &&str| listed.lines().any(|line| line == *file);
        let missing = NEEDED.iter().filter(|file| !is_there(file));
        findings.extend(missing.map(|file| format!("the package `{package}` has no `{file}`")));
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failed::Check { findings, help: "`cargo package --list` shows what a package holds".to_owned() })
}

/// The members of the workspace: one folder a line.
fn members(root: &str) -> impl Iterator<Item = &str> {
    let lines = root.lines().skip_while(|line| *line != "members = [").skip(1);
    lines.take_while(|line| *line != "]").map(|line| line.trim().trim_end_matches(',').trim_matches('"'))
}

fn is_published(manifest: &str) -> bool {
    !manifest.lines().any(|line| line.trim() == "publish = false")
}

/// The name of the package that a manifest describes.
fn name(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("name = "))?.trim().trim_matches('"').into()
}

/// What a manifest depends on, whatever for: names with what stands behind them.
fn dependencies(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut is_inside = false;
    manifest.lines().filter_map(move |line| {
        if let Some(section) = line.strip_prefix('[') {
            is_inside = section.trim_end_matches(']').ends_with("dependencies");
            return None;
        }
        let at = line.find([' ', '.', '='])?;
        (is_inside && !line.starts_with('#')).then(|| line.split_at(at))
    })
}

/// What published packages depend on that no registry has.
fn unpublished(root: &str, manifests: &BTreeMap<String, String>) -> Vec<String> {
    let is_hidden = |dependency: &str| {
        manifests.values().any(|manifest| name(manifest) == Some(dependency) && !is_published(manifest))
    };
    // A path says nothing outside of this workspace; cargo wants a version beside it.
    let has_no_version = |dependency: &str| {
        dependencies(root)
            .any(|(name, how)| name == dependency && how.contains("path = ") && !how.contains("version = "))
    };
    let mut findings = Vec::new();
    for manifest in manifests.values().filter(|manifest| is_published(manifest)) {
        let package = name(manifest).unwrap_or("a package without a name");
        for (dependency, how) in dependencies(manifest) {
            if is_hidden(dependency) {
                findings
                    .push(format!("`{package}` is published and depends on `{dependency}`, which is not"));
            } else if how.contains("workspace") && has_no_version(dependency) {
                findings
                    .push(format!("`{package}` depends on `{dependency}`, which has a path and no version"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace]\nmembers = [\n    \"a\",\n    \"b\",\n]\n\n[workspace.dependencies]\n\
                        a = { path = \"a\", version = \"0.1.0\" }\nb = { path = \"b\" }\n";

    fn found(a: &str, b: &str) -> Vec<String> {
        let manifests = [("a", a), ("b", b)]
            .map(|(name, rest)| (name.to_owned(), format!("[package]\nname = \"{name}\"\n{rest}\n")));
        unpublished(ROOT, &manifests.into())
    }

    #[test]
    fn a_published_package_on_an_unpublished_one_is_found() {
        let told = ["`a` is published and depends on `b`, which is not"];
        for section in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.build-dependencies"] {
            for how in ["b.workspace = true", "b = { workspace = true, optional = true }"] {
                assert_eq!(found(&format!("[{section}]\n{how}"), "publish = false"), told, "{section} {how}");
            }
        }
        assert_eq!(found("publish = false\n[dependencies]\nb.workspace = true", "publish = false"), [""; 0]);
        assert_eq!(found("[features]\nb = []", "publish = false"), [""; 0]);
    }

    #[test]
    fn a_path_without_a_version_is_found() {
        let told = ["`a` depends on `b`, which has a path and no version"];
        assert_eq!(found("[dependencies]\nb.workspace = true", ""), told);
        assert_eq!(found("", "[dependencies]\na.workspace = true"), [""; 0]);
    }

    #[test]
    fn the_members_of_this_workspace_are_read() {
        let root = fs::read_to_string(workspace::root().join("Cargo.toml")).unwrap();
        assert!(members(&root).any(|member| member == "crates/flowrun-cli"));
        let folders = workspace::crates().unwrap();
        assert!(folders.iter().all(|(folder, manifest)| name(manifest) == Some(folder)));
        let unpublished = folders.iter().filter(|(_, manifest)| !is_published(manifest));
        assert_eq!(unpublished.map(|(folder, _)| folder.as_str()).collect::<Vec<_>>(), ["xtask"]);
    }
}
