//! What `verify` and readers say of rows that were changed.

use flowrun_core::{Record, RunStatus};
use flowrun_store::{RunFilter, Store, StoreError};
use rusqlite::Connection;

use crate::common::{Folder, ended, run_id, store_run};

/// A store of two runs in which `sql` changed something, and what `verify` says of it.
fn damaged(sql: &str) -> (Folder, Vec<String>) {
    let folder = Folder::new();
    let store = folder.open();
    store_run(&store, 1, &[Record::RunStarted, Record::CancelRequested, ended(RunStatus::Cancelled)]);
    store_run(&store, 2, &[Record::RunStarted]);
    store_run(&store, 3, &[Record::RunStarted, ended(RunStatus::Passed)]);
    store.delete(run_id(3)).unwrap();
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
    Connection::open(folder.file()).unwrap().execute_batch(sql).unwrap();
    let problems = store.verify().unwrap().problems;
    drop(store);
    (folder, problems)
}

#[test]
fn every_changed_column_is_found() {
    for (sql, what) in [
        ("UPDATE decision SET records = '[\"RunTimedOut\"]' WHERE seq = 2", "line 2 is not what was written"),
        ("UPDATE decision SET at = at + 1 WHERE seq = 2", "line 2 is not what was written"),
        ("UPDATE decision SET chain = zeroblob(32) WHERE seq = 1", "line 1 is not what was written"),
        ("UPDATE decision SET format = 2 WHERE seq = 1", "format"),
        ("DELETE FROM decision WHERE seq = 2", "line 2 is missing, line 3 follows"),
        ("DELETE FROM decision WHERE seq = 3", "the journal ends before its state says"),
        ("DELETE FROM decision WHERE run = 1", "the journal ends before its state says"),
        ("UPDATE decision SET run = 9 WHERE run = 2", "lines without a run: 1"),
        ("UPDATE state SET status = 'passed' WHERE run = 2", "the state of the run is not what was written"),
        ("UPDATE state SET status = 'p' WHERE run = 2", "its status is none"),
        ("UPDATE state SET updated = 5 WHERE run = 2", "the state of the run is not what was written"),
        ("DELETE FROM state WHERE run = 2", "runs without a state: 1"),
        ("UPDATE run SET site = 'b' WHERE number = 1", "what the run is made of is not what was written"),
        ("UPDATE run SET title = NULL WHERE number = 1", "what the run is made of is not what was written"),
        ("UPDATE run SET created = 0 WHERE number = 1", "what the run is made of is not what was written"),
        ("UPDATE run SET number = 7 WHERE number = 1", "states without a run: 1"),
        ("UPDATE flow SET json = '{}'", "its flow is not the one it was created from"),
        ("DELETE FROM flow", "runs without a flow: 2"),
        ("INSERT INTO flow VALUES (x'00', '{}')", "flows without a run: 1"),
        ("UPDATE deleted SET run = zeroblob(16)", "the id of a deleted run is not what was written"),
        ("INSERT INTO deleted SELECT id, x'00' FROM run", "runs that were deleted and are still there: 2"),
        ("UPDATE store SET id = zeroblob(16)", "the store's id is not what was written"),
    ] {
        let (_, problems) = damaged(sql);
        assert!(problems.iter().any(|problem| problem.contains(what)), "{sql}: {problems:?}");
    }
}

#[test]
fn a_changed_line_is_never_read() {
    let (folder, _) = damaged("UPDATE decision SET records = '[\"RunTimedOut\"]' WHERE seq = 2");
    let store = folder.open();
    let reader = store.reader(run_id(1)).unwrap();
    for (after, max, is_readable) in [(0, 1, true), (0, 2, false), (1, 1, false), (0, 9, false)] {
        let read = reader.read(after, max);
        assert_eq!(read.is_ok(), is_readable, "{after} {max}: {read:?}");
    }
    assert!(matches!(store.open(run_id(1)).map(drop), Err(StoreError::Damaged { .. })));
    // The other run is whole.
    assert!(store.open(run_id(2)).is_ok());
}

#[test]
fn a_changed_state_is_never_listed() {
    let (folder, _) = damaged("UPDATE state SET status = 'passed' WHERE run = 2");
    assert!(matches!(folder.open().runs(&RunFilter::default()), Err(StoreError::Unreadable { .. })));
}
