//! What no file of the repository says: where somebody's machine keeps things, and which hosts it gets its
//! packages from. A path of one machine is wrong on every other, and both tell strangers more than they need.

use std::fs;

use crate::step::{Call, Failed};
use crate::workspace;

/// First folders of paths that belong to one machine.
const FOLDERS: [&str; 4] = ["home", "root", "Users", "work"];

/// Hosts of package registries, in pieces, so that this file may say what no file says.
const HOSTS: [&str; 6] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("pypi.", "org"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];

/// No tracked file has a trace of a machine.
pub(super) fn check() -> Result<(), Failed> {
    let listed =
        Call::new("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).read()?;
    let mut findings = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // Files that are no text, and those deleted but not yet committed, say nothing.
        let Ok(text) = fs::read_to_string(workspace::root().join(name)) else { continue };
        for (index, line) in text.lines().enumerate() {
            if let Some(trace) = trace(line) {
                findings.push(format!("{name}:{}: {trace}", index + 1));
            }
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failed::Check { findings, help: "say it relative to the repository, or in words".to_owned() })
}

/// The first trace of a machine in a line.
fn trace(line: &str) -> Option<String> {
    if let Some(host) = HOSTS.iter().find(|host| line.contains(**host)) {
        return Some(format!("names the host `{host}`"));
    }
    let mut from = 0;
    while let Some(at) = line[from..].find('/').map(|at| at + from) {
        let before = line[..at].chars().next_back();
        let rest = &line[at + 1..];
        let folder = FOLDERS.iter().find(|folder| {
            rest.strip_prefix(**folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '.'))
        });
        if let Some(folder) = folder
            && before.is_none_or(begins_a_path)
        {
            return Some(format!("has a path in `/{folder}`"));
        }
        from = at + 1;
    }
    None
}

/// Whether a path may begin after this character. After a letter, as in `example.com/home/`, it goes on.
fn begins_a_path(before: char) -> bool {
    before.is_whitespace() || "\"'`(=:<[{,".contains(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        for folder in FOLDERS {
            for line in [format!("/{folder}/a"), format!("x = \"/{folder}/a/b\""), format!("(/{folder}/.x)")]
            {
                assert_eq!(trace(&line), Some(format!("has a path in `/{folder}`")), "{line}");
            }
        }
    }

    #[test]
    fn a_host_of_a_registry_is_found() {
        for host in HOSTS {
            assert!(trace(&format!("get it from https://{host}/x")).is_some(), "{host}");
        }
    }

    #[test]
    fn addresses_and_relative_paths_are_none() {
        for folder in FOLDERS {
            for line in
                [format!("https://example.com/{folder}/a"), format!("src/{folder}/a"), format!("/{folder}/")]
            {
                assert_eq!(trace(&line), None, "{line}");
            }
        }
        assert_eq!(trace("/tests/a and /nodes/1"), None);
    }
}
