//! When a store stops writing.

use flowrun_core::Record;
use flowrun_store::{Store, StoreError};
use rusqlite::Connection;

use crate::common::{Folder, append, new_run, run_id, store_run};

#[test]
fn a_closed_store_can_be_opened_while_old_journals_are_held() {
    let folder = Folder::new();
    let old = folder.open();
    let mut journal = old.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    old.close();

    let store = folder.open();
    assert_eq!((store.epoch(), store.id()), (2, old.id()));
    let (_, mut ours) = store.open(run_id(1)).unwrap();
    append(&mut *ours, 2, &[Record::CancelRequested]).unwrap();
    // A task of the old engine that comes home late.
    let late = append(&mut *journal, 3, &[Record::RunTimedOut]);
    assert!(matches!(late, Err(StoreError::FailStop { .. })), "{late:?}");
    assert_eq!(store.reader(run_id(1)).unwrap().read(0, 10).unwrap().lines.len(), 2);
}

#[test]
fn a_writer_that_was_overtaken_is_fenced_out_for_good() {
    let folder = Folder::new();
    let store = folder.open();
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    // Somebody who does not heed the lock.
    let other = Connection::open(folder.file()).unwrap();
    other.execute("UPDATE store SET epoch = epoch + 1", []).unwrap();
    for second in 2..4 {
        let fenced = append(&mut *journal, second, &[Record::CancelRequested]);
        let Err(StoreError::FailStop { source }) = fenced else { panic!("it was written: {fenced:?}") };
        assert!(source.to_string().contains("epoch is 2, not 1"), "{source}");
    }
    other.execute("UPDATE store SET epoch = 1", []).unwrap();
    // Also when the reason is gone.
    assert!(matches!(append(&mut *journal, 4, &[Record::RunTimedOut]), Err(StoreError::FailStop { .. })));
    assert!(matches!(store.create(new_run(2)), Err(StoreError::FailStop { .. })));
    assert_eq!(store.reader(run_id(1)).unwrap().read(0, 10).unwrap().lines.len(), 1);
}

#[test]
fn a_journal_that_moved_below_its_writer_stops_the_store() {
    let folder = Folder::new();
    let store = folder.open();
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    Connection::open(folder.file()).unwrap().execute("UPDATE state SET seq = 7", []).unwrap();
    let moved = append(&mut *journal, 2, &[Record::CancelRequested]);
    assert!(matches!(moved, Err(StoreError::FailStop { source }) if source.to_string().contains("line 2")));
}

#[test]
fn closing_leaves_one_file_and_what_was_committed() {
    let folder = Folder::new();
    store_run(&folder.open(), 1, &[Record::RunStarted, Record::CancelRequested]);
    let names = || {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["runs.flowrun", "runs.flowrun-lock"]);
    assert_eq!(folder.open().reader(run_id(1)).unwrap().read(0, 10).unwrap().lines.len(), 2);
}

/// A process that dies leaves its name in the lock.
#[test]
fn the_next_owner_sees_whether_the_one_before_closed_the_store_or_died() {
    let folder = Folder::new();
    let lock = folder.path().join("runs.flowrun-lock");
    store_run(&folder.open(), 1, &[Record::RunStarted]);
    assert!(folder.open().was_closed());
    let die = || std::fs::write(&lock, "4711\nunknown\n").unwrap();
    die();
    // Also when others have looked meanwhile.
    for _ in 0..3 {
        let store = folder.open();
        assert!(!store.was_closed());
        assert_eq!(store.runs(&flowrun_store::RunFilter::default()).unwrap().len(), 1);
        store.reader(run_id(1)).unwrap().read(0, 10).unwrap();
    }
    // Until somebody takes up what was left behind, and closes the store in turn.
    let store = folder.open();
    drop(store.open(run_id(1)).unwrap());
    assert!(!store.was_closed());
    drop(store);
    assert!(folder.open().was_closed());
}

#[test]
fn a_store_that_stopped_writing_was_closed_all_the_same() {
    let folder = Folder::new();
    let store = folder.open();
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    Connection::open(folder.file()).unwrap().execute("UPDATE state SET seq = 7", []).unwrap();
    append(&mut *journal, 2, &[Record::CancelRequested]).unwrap_err();
    Connection::open(folder.file()).unwrap().execute("UPDATE state SET seq = 1", []).unwrap();
    drop((journal, store));
    assert!(folder.open().was_closed());
}
