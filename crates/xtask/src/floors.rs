//! Versions of dependencies below which there is a known weakness.

use std::path::Path;

/// Crate, the lowest good version, and the advisory that says why.
const FLOORS: [(&str, &str, &str); 14] = [
    ("h2", "0.4.16", "RUSTSEC-2026-0258"),
    ("bytes", "1.11.1", "RUSTSEC-2026-0007"),
    ("tokio", "1.44.2", "RUSTSEC-2025-0023"),
    ("rustls", "0.23.18", "RUSTSEC-2024-0336"),
    ("rustls-webpki", "0.103.13", "RUSTSEC-2026-0104"),
    ("lettre", "0.11.22", "RUSTSEC-2026-0141"),
    ("time", "0.3.47", "RUSTSEC-2026-0009"),
    ("tracing-subscriber", "0.3.20", "RUSTSEC-2025-0055"),
    ("idna", "1.0.0", "RUSTSEC-2024-0421"),
    ("crossbeam-channel", "0.5.15", "RUSTSEC-2025-0024"),
    ("lru", "0.18.2", "RUSTSEC-2026-0253"),
    ("memmap2", "0.9.11", "RUSTSEC-2026-0186"),
    ("ring", "0.17.12", "RUSTSEC-2025-0009"),
    ("axum-core", "0.3.0", "RUSTSEC-2022-0055"),
];

/// Crates that have no place in the tree, and why.
const AVOIDED: [(&str, &str); 9] = [
    ("openssl-sys", "TLS is done by rustls"),
    ("serde_yml", "unsound"),
    ("bincode", "unmaintained"),
    ("async-std", "unmaintained"),
    ("backoff", "unmaintained"),
    ("instant", "unmaintained"),
    ("paste", "unmaintained"),
    ("proc-macro-error", "unmaintained"),
    ("sled", "not finished"),
];

/// Holds the lock file against the tables.
pub(crate) fn check() -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock =
        std::fs::read_to_string(&path).map_err(|error| format!("could not read Cargo.lock: {error}"))?;
    let problems = problems(&lock);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn problems(lock: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_matches([' ', '=', '"']))
        };
        let (Some(name), Some(version)) = (value("name"), value("version")) else { continue };
        if let Some((_, floor, why)) = FLOORS.iter().find(|(known, ..)| *known == name)
            && numbers(version) < numbers(floor)
        {
            problems.push(format!("{name} {version} is below {floor}: {why}"));
        }
        if let Some((_, why)) = AVOIDED.iter().find(|(known, _)| *known == name) {
            problems.push(format!("{name} {version} is not to be used: {why}"));
        }
    }
    problems
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn old_and_avoided_versions_are_found() {
        let lock = "[[package]]\nname = \"h2\"\nversion = \"0.4.9\"\n\n[[package]]\nname = \"sled\"\nversion = \"0.34.7\"\n\n[[package]]\nname = \"bytes\"\nversion = \"1.11.10\"\n";
        let found = problems(lock);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("h2 0.4.9 is below 0.4.16"));
    }
}
