//! A name for the set of fonts of this machine: pictures of pages that were drawn with others are not comparable.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where fonts are, by the file hierarchy and XDG base directory standards.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
const OWN_FOLDERS: [&str; 2] = [".local/share/fonts", ".fonts"];

/// Folders in folders that are looked into.
const DEEPEST: usize = 8;

/// The number of fonts and a hash of their names and sizes. Looked up once.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let own = home.iter().flat_map(|home| OWN_FOLDERS.map(|folder| home.join(folder)));
        of_folders(FOLDERS.map(PathBuf::from).into_iter().chain(own))
    })
}

fn of_folders(folders: impl Iterator<Item = PathBuf>) -> String {
    let mut fonts = Vec::new();
    folders.for_each(|folder| collect(&folder, DEEPEST, &mut fonts));
    fonts.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in &fonts {
        hasher.update(name.as_bytes());
        hasher.update(&[0]);
        hasher.update(&bytes.to_le_bytes());
    }
    format!("{} fonts {}", fonts.len(), &hasher.finalize().to_hex()[..16])
}

fn collect(folder: &Path, deeper: usize, fonts: &mut Vec<(String, u64)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deeper > 0 => collect(&path, deeper - 1, fonts),
            Ok(kind) if kind.is_dir() => {}
            _ => {
                let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
                if ["ttf", "otf", "ttc", "woff", "woff2", "pfb"].contains(&extension) {
                    let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                    fonts.push((entry.file_name().to_string_lossy().into_owned(), bytes));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_fonts_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("flowrun-fonts-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        let name = || of_folders([folder.clone(), folder.join("none")].into_iter());
        std::fs::write(folder.join("deep/a.ttf"), "a").unwrap();
        let one = name();
        assert!(one.starts_with("1 fonts "), "{one}");
        std::fs::write(folder.join("readme"), "no font").unwrap();
        assert_eq!(name(), one);
        std::fs::write(folder.join("deep/a.ttf"), "ab").unwrap();
        assert_ne!(name(), one);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
