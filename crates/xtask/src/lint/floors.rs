//! The bans of `deny.toml`, held against `Cargo.lock` without any tool.
//!
//! cargo-deny reads the same table and looks at what is really built; here every locked version counts, also
//! those of other platforms. The table holds crates that are avoided and, as ranges, versions with known holes.

use std::fs;

use super::unreadable;
use crate::step::Failed;
use crate::workspace;

/// No locked version is banned.
pub(super) fn check() -> Result<(), Failed> {
    let read = |name: &str| {
        fs::read_to_string(workspace::root().join(name)).map_err(|error| unreadable(name, &error))
    };
    let (rules, lock) = (read("deny.toml")?, read("Cargo.lock")?);
    let bans = bans(&rules).map_err(|line| {
        Failed::check(
            format!("`deny.toml` bans something that was not understood: {line}"),
            "one ban a line: { crate = \"name:<1.2.3\", reason = \"why\" }",
        )
    })?;
    let findings: Vec<String> = locked(&lock)
        .flat_map(|(name, version)| {
            bans.iter().filter(move |ban| ban.forbids(name, version)).map(move |ban| {
                format!("`{name}` {} is banned: {}", version.map_or(String::new(), text), ban.reason)
            })
        })
        .collect();
    if findings.is_empty() {
        return Ok(());
    }
    let help = "`cargo update`, or find out with `cargo tree --invert NAME` who asks for it".to_owned();
    Err(Failed::Check { findings, help })
}

type Version = (u64, u64, u64);

/// One line of the table.
#[derive(Debug, PartialEq)]
struct Ban<'a> {
    name: &'a str,
    /// All of them must hold; none at all bans every version.
    range: Vec<Bound>,
    reason: &'a str,
}

#[derive(Debug, PartialEq)]
enum Bound {
    Below(Version),
    From(Version),
}

impl Ban<'_> {
    fn forbids(&self, name: &str, version: Option<Version>) -> bool {
        self.name == name
            && self.range.iter().all(|bound| match (bound, version) {
                (Bound::Below(limit), Some(version)) => version < *limit,
                (Bound::From(limit), Some(version)) => version >= *limit,
                // A version that was not understood is not known to be good.
                (Bound::Below(_) | Bound::From(_), None) => true,
            })
    }
}

/// The bans in the text of `deny.toml`, or the line that was not understood.
fn bans(rules: &str) -> Result<Vec<Ban<'_>>, &str> {
    rules
        .lines()
        .skip_while(|line| line.trim() != "[bans]")
        .skip_while(|line| line.trim() != "deny = [")
        .skip(1)
        .take_while(|line| line.trim() != "]")
        .filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#'))
        .map(|line| ban(line).ok_or(line))
        .collect()
}

fn ban(line: &str) -> Option<Ban<'_>> {
    let (spec, reason) = (quoted_after(line, "crate = ")?, quoted_after(line, "reason = ")?);
    let (name, range) = spec.split_once(':').unwrap_or((spec, ""));
    if name.contains('@') {
        return None;
    }
    let bounds = range.split(',').map(str::trim).filter(|bound| !bound.is_empty());
    Some(Ban { name, range: bounds.map(bound).collect::<Option<_>>()?, reason })
}

fn bound(text: &str) -> Option<Bound> {
    if let Some(limit) = text.strip_prefix(">=") {
        return Some(Bound::From(version(limit.trim())?));
    }
    Some(Bound::Below(version(text.strip_prefix('<')?.trim())?))
}

fn quoted_after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(key)?.1.strip_prefix('"')?.split('"').next()
}

/// Names and versions in the text of a lock file.
fn locked(lock: &str) -> impl Iterator<Item = (&str, Option<Version>)> {
    lock.split("[[package]]").skip(1).filter_map(|package| {
        let name = quoted_after(package, "name = ")?;
        Some((name, quoted_after(package, "version = ").and_then(version)))
    })
}

/// A version without what follows `-` or `+`; missing parts are 0.
fn version(text: &str) -> Option<Version> {
    let mut parts = text.split(['-', '+']).next()?.split('.').map(str::parse);
    let mut part = |missing| parts.next().unwrap_or(Ok(missing)).ok();
    Some((part(u64::MAX).filter(|major| *major < u64::MAX)?, part(0)?, part(0)?))
}

fn text((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[bans]
multiple-versions = "allow"
deny = [
    # Avoided.
    { crate = "openssl", reason = "rustls" },
    { crate = "h2:<0.4.16", reason = "floods" },
    { crate = "rand:>=0.9.0, <0.9.3", reason = "unsound" },
]
"#;

    fn found(lock: &str) -> Vec<(&str, &'static str)> {
        let bans = bans(RULES).unwrap();
        locked(lock)
            .flat_map(|(name, version)| {
                bans.iter().filter(move |ban| ban.forbids(name, version)).map(move |ban| (name, ban.reason))
            })
            .collect()
    }

    fn lock(name: &str, version: &str) -> String {
        format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
    }

    #[test]
    fn an_avoided_crate_is_found_in_any_version() {
        assert_eq!(found(&lock("openssl", "0.10.70")), [("openssl", "rustls")]);
        assert_eq!(found(&lock("openssl-probe", "0.1.0")), []);
    }

    #[test]
    fn a_version_below_its_floor_is_found() {
        assert_eq!(found(&lock("h2", "0.4.15")), [("h2", "floods")]);
        assert_eq!(found(&lock("h2", "0.3.99")), [("h2", "floods")]);
        assert_eq!(found(&lock("h2", "0.4.16")), []);
        assert_eq!(found(&lock("h2", "1.0.0")), []);
    }

    #[test]
    fn a_floor_may_hold_for_one_line_of_releases() {
        assert_eq!(found(&lock("rand", "0.9.2")), [("rand", "unsound")]);
        for good in ["0.8.6", "0.9.3", "0.10.0"] {
            assert_eq!(found(&lock("rand", good)), [], "{good}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_passed_over() {
        assert_eq!(found(&lock("h2", "new")), [("h2", "floods")]);
        for odd in ["h2:^0.4", "h2@<0.4.16"] {
            let rules = RULES.replace("h2:<0.4.16", odd);
            assert!(bans(&rules).unwrap_err().contains(odd), "{odd}");
        }
    }

    #[test]
    fn the_table_of_this_workspace_is_read_whole() {
        let rules = fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        let bans = bans(&rules).unwrap();
        assert_eq!(bans.len(), rules.matches("reason = ").count());
        let has = |name| bans.iter().any(|ban| ban.name == name);
        assert!(has("openssl") && has("h2") && has("rand"));
    }
}
