//! The stores of this project pass the suite, and stores that break a promise do not.
#![cfg(all(feature = "store-suite", feature = "faults"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "stores/faulty.rs"]
mod faulty;

use std::time::Duration;

use faulty::{Fault, Faulty};
use flowrun_store::{MemoryStore, SqliteOptions, Store};
use flowrun_testkit::faults::Disk;
use flowrun_testkit::store_suite::{self, Place};

/// What the stores in files take at most: more than the suite stores anywhere else, and little enough to be quick.
const LARGEST: usize = 2 << 20;

/// A store in a file of its own.
struct InFile(tempfile::TempDir);

impl InFile {
    fn empty() -> Box<dyn Place> {
        Box::new(Self(tempfile::tempdir().unwrap()))
    }
}

impl Place for InFile {
    fn open(&self) -> Box<dyn Store> {
        let options = SqliteOptions::new(self.0.path().join("store")).reserve(0);
        // Whatever the disk does, both ways to it are taken.
        Box::new(options.quick(Duration::MAX).largest(LARGEST).open().unwrap())
    }

    fn largest(&self) -> Option<usize> {
        Some(LARGEST)
    }
}

/// A store with a fault, in memory: there are many.
struct WithFault(Disk, Fault);

impl Place for WithFault {
    fn open(&self) -> Box<dyn Store> {
        let store = SqliteOptions::new("store").vfs(self.0.name()).largest(LARGEST).open().unwrap();
        Box::new(Faulty::new(store, self.1))
    }

    fn largest(&self) -> Option<usize> {
        Some(LARGEST)
    }
}

#[test]
fn the_memory_store_passes() {
    let broken = store_suite::run(|| Box::new(|| Box::new(MemoryStore::default()) as Box<dyn Store>));
    assert_eq!(broken, []);
}

#[test]
fn the_sqlite_store_passes() {
    assert_eq!(store_suite::run(InFile::empty), []);
    assert!(store_suite::checks().count() >= 25);
}

/// The checks that a store with this fault fails.
fn broken_by(fault: Fault) -> Vec<&'static str> {
    let broken = store_suite::run(|| Box::new(WithFault(Disk::new("store"), fault)));
    broken.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn each_fault_is_found_by_its_check() {
    let mut wrong = Vec::new();
    for (fault, expected) in faulty::FAULTS {
        let broken = broken_by(*fault);
        if broken != *expected {
            wrong.push(format!("{fault:?}: {broken:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    // Every check finds a thing that no other one does.
    let alone = |name: &&str| faulty::FAULTS.iter().any(|(_, expected)| *expected == [*name]);
    let unseen: Vec<_> = store_suite::checks().map(|check| check.name).filter(|name| !alone(name)).collect();
    assert_eq!(unseen, [""; 0]);
}
