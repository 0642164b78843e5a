//! Every input that was ever kept, without a fuzzer.
#![allow(clippy::unwrap_used, reason = "the helpers of a test file are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_kept_input_passes_its_target() {
    for (name, target) in fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut fed = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            // The file is the only thing that a panic of the target cannot name itself.
            let passed = std::panic::catch_unwind(|| target(&input)).is_ok();
            assert!(passed, "corpus/{name}/{} is no longer handled", path.file_name().unwrap().display());
            fed += 1;
        }
        assert!(fed > 0, "corpus/{name} is empty");
    }
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let named: BTreeSet<String> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, ending) in [("fuzz_targets", ".rs"), ("corpus", "")] {
        let found: BTreeSet<String> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(ending).unwrap().to_owned())
            .collect();
        assert_eq!(found, named, "{folder}/");
    }
}
