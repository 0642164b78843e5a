//! Where the workspace is, and what its manifests say.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace this binary was built from.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("this package is in `crates/`")
}

/// The packages in `crates/`, sorted: name of the folder, which is the name of the package, and the manifest.
pub(crate) fn crates() -> std::io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let manifest: PathBuf = entry?.path().join("Cargo.toml");
        let Some(name) = manifest.parent().and_then(Path::file_name) else { continue };
        if manifest.is_file() {
            found.push((name.to_string_lossy().into_owned(), fs::read_to_string(&manifest)?));
        }
    }
    found.sort();
    Ok(found)
}

/// The features a manifest declares, `default` apart. Reads what `cargo` writes and people keep: one
/// feature a line, below `[features]`.
pub(crate) fn features(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim())
        .filter(|name| *name != "default" && !name.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_their_table_alone() {
        let manifest = "[package]\nname = \"x\"\n\n[features]\ndefault = []\n# Fetches.\nscan = [\n    \"dep:a\",\n]\nslack = []\n\n[dependencies]\na = \"1\"\n";
        assert_eq!(features(manifest), ["scan", "slack"]);
        assert_eq!(features("[package]\nname = \"x\"\n"), [""; 0]);
    }

    #[test]
    fn the_crates_of_this_workspace_are_found() {
        let names: Vec<String> = crates().unwrap().into_iter().map(|(name, _)| name).collect();
        assert!(names.is_sorted() && names.contains(&"flowrun-core".to_owned()), "{names:?}");
    }
}
