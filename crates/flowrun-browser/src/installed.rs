//! Which browser there is.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// The command that installs a browser on Debian and its like, with fonts: without any, every text is a row of boxes. It
/// takes the version Debian has: a browser is only as safe as it is new, and a version that stands in a program is soon
/// neither. Pictures of another version are not compared with those of the last, so a new one raises no alarm.
pub const INSTALL: &str =
    "apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation";

/// Names a browser may have, the best first. The shell has no windows to draw: half the memory and time.
const NAMES: [&str; 5] =
    ["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// A browser that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    path: PathBuf,
}

impl Installed {
    /// Its program.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first of: the program that is `named`; the programs of `folders`, in each of them also those of `bin`;
    /// those of `search` (a list of folders as in `PATH`). In a folder the order is `chromium-headless-shell`,
    /// `chrome-headless-shell`, `chromium`, `chromium-browser`, `google-chrome`.
    ///
    /// # Errors
    ///
    /// [`NotInstalledError`] when there is none. A program that is named and not there is an error too: another one would
    /// not be what was asked for.
    pub fn find(
        named: Option<&Path>,
        folders: &[PathBuf],
        search: Option<&std::ffi::OsStr>,
    ) -> Result<Self, NotInstalledError> {
        if let Some(path) = named {
            return match is_program(path) {
                true => Ok(Self { path: behind(path.to_owned()) }),
                false => Err(NotInstalledError { named: Some(path.to_owned()) }),
            };
        }
        let own = folders.iter().flat_map(|folder| [folder.clone(), folder.join("bin")]);
        let searched = search.into_iter().flat_map(std::env::split_paths);
        // An empty entry of `PATH` is the working directory, where anybody may have put a browser.
        let folders = own.chain(searched.filter(|folder| folder.is_absolute()));
        let programs = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
        let found = programs.into_iter().find(|path| is_program(path));
        found.map(|path| Self { path: behind(path) }).ok_or(NotInstalledError { named: None })
    }
}

/// The program that a script of Debian starts: the script would be between it and us, and the signal that says that
/// we are gone would reach the script alone.
fn behind(path: PathBuf) -> PathBuf {
    let is_script = || {
        let mut start = [0; 2];
        let mut file = std::fs::File::open(&path)?;
        std::io::Read::read_exact(&mut file, &mut start)?;
        Ok::<_, std::io::Error>(&start == b"#!")
    };
    let program = || Some(path.parent()?.parent()?.join("lib/chromium").join(path.file_name()?));
    match program() {
        Some(program) if is_script().unwrap_or(false) && is_program(&program) => program,
        _ => path,
    }
}

fn is_program(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// There is no browser.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", match named {
    Some(path) => format!("there is no browser at `{}`", path.display()),
    None => format!("no Chromium browser found: {INSTALL}"),
})]
pub struct NotInstalledError {
    named: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_first_in_the_documented_order_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let search = std::env::join_paths([PathBuf::new(), at("path1"), at("path2")]).unwrap();
        let find = |named: Option<&Path>| {
            let found = Installed::find(named, &[at("tools")], Some(&search))?;
            Ok::<_, NotInstalledError>(
                found.path.strip_prefix(home.path()).unwrap().to_str().unwrap().to_owned(),
            )
        };
        let missing = find(None).unwrap_err().to_string();
        assert_eq!(missing, format!("no Chromium browser found: {INSTALL}"));
        fs::create_dir_all(at("path1")).unwrap();
        fs::write(at("path1/chromium-headless-shell"), "not a program").unwrap();
        for path in
            ["path2/chromium-headless-shell", "path1/chromium", "tools/bin/google-chrome", "tools/chromium"]
        {
            program(&at(path));
            assert_eq!(find(None).unwrap(), path);
        }
        assert_eq!(find(Some(&at("path1/chromium"))).unwrap(), "path1/chromium");
        program(&at("lib/chromium/chromium"));
        assert_eq!(find(Some(&at("path1/chromium"))).unwrap(), "lib/chromium/chromium");
        let missing = find(Some(&at("mine"))).unwrap_err().to_string();
        assert_eq!(missing, format!("there is no browser at `{}`", at("mine").display()));
    }
}
