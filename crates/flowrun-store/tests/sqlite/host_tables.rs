//! A host's rows are written in the transactions of its runs, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use flowrun_core::{Record, RunStatus};
use flowrun_store::{HostTables, HostTransaction, RunChange, SqlValue, SqliteStore, Store, StoreError};

use crate::common::{Folder, append, at, ended, new_run, run_id};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS change (run BLOB NOT NULL, what TEXT NOT NULL) STRICT";

/// Notes each change, and refuses what `refuses` says.
fn noting(refuses: impl Fn(&RunChange<'_>) -> bool + Send + Sync + 'static) -> HostTables {
    HostTables::new(SCHEMA).on_change(move |tables, change| {
        let what = match change {
            RunChange::Created(new) => format!("created by {}", new.host_data::<&str>().unwrap_or(&"nobody")),
            RunChange::Ended { status, .. } => format!("ended {status}"),
            RunChange::Reopened { .. } => "reopened".to_owned(),
            RunChange::Deleted { .. } => "deleted".to_owned(),
            other => format!("{other:?}"),
        };
        tables.execute("INSERT INTO change VALUES (?, ?)", &[change.run().into(), what.into()])?;
        if refuses(change) { Err("not today".into()) } else { Ok(()) }
    })
}

fn opened(folder: &Folder, tables: HostTables) -> SqliteStore {
    folder.options().host_tables(tables).open().unwrap()
}

/// What was noted, in order.
fn noted(store: &SqliteStore) -> Vec<String> {
    let rows = store.read_host_tables(|tables| tables.query("SELECT what FROM change ORDER BY rowid", &[]));
    rows.unwrap().iter().map(|row| row[0].as_text().unwrap().to_owned()).collect()
}

#[test]
fn every_change_of_a_run_has_its_rows_and_they_outlive_the_store() {
    let folder = Folder::new();
    let store = opened(&folder, noting(|_| false));
    let mut journal = store.create(new_run(1).with_host_data("ada")).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    append(&mut *journal, 2, &[Record::Paused]).unwrap();
    append(&mut *journal, 3, &[ended(RunStatus::Failed)]).unwrap();
    append(&mut *journal, 4, &[Record::RunStarted]).unwrap();
    append(&mut *journal, 5, &[ended(RunStatus::Passed)]).unwrap();
    drop((journal, store));

    let store = opened(&folder, noting(|_| false));
    store.delete(run_id(1)).unwrap();
    assert_eq!(noted(&store), ["created by ada", "ended failed", "reopened", "ended passed", "deleted"]);
}

#[test]
fn a_run_that_ends_with_its_first_decision_is_created_and_ended() {
    let folder = Folder::new();
    let store = opened(&folder, noting(|_| false));
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted, ended(RunStatus::Passed)]).unwrap();
    assert_eq!(noted(&store), ["created by nobody", "ended passed"]);
}

#[test]
fn a_run_that_the_host_refuses_leaves_nothing_and_others_of_its_commit_are_stored() {
    let folder = Folder::new();
    let store = opened(&folder, noting(|change| change.run() == run_id(2)));
    let mut journals: Vec<_> = (1..=3).map(|number| store.create(new_run(number)).unwrap()).collect();
    // All are queued before any is awaited, so that they share commits.
    let commits: Vec<_> =
        journals.iter_mut().map(|journal| journal.append(at(1), &mut vec![Record::RunStarted])).collect();
    // The refused run's next decision was sent before anybody knew.
    let after = journals[1].append(at(2), &mut vec![Record::Paused]);
    let done: Vec<_> = commits.into_iter().map(|commit| futures::executor::block_on(commit.done())).collect();
    let refused = |done: &Result<(), StoreError>| matches!(done, Err(StoreError::Refused { run, source }) if *run == run_id(2) && source.to_string() == "not today");
    assert!(done[0].is_ok() && refused(&done[1]) && done[2].is_ok(), "{done:?}");
    assert!(refused(&futures::executor::block_on(after.done())));
    assert_eq!(noted(&store).len(), 2);
    assert!(matches!(store.reader(run_id(2)), Err(StoreError::NotFound(_))));

    // The store goes on, and the id is free.
    drop(journals);
    drop(store);
    let store = opened(&folder, noting(|_| false));
    let mut journal = store.create(new_run(2)).unwrap();
    append(&mut *journal, 3, &[Record::RunStarted]).unwrap();
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_run_whose_end_is_refused_stays_open_and_can_end_later() {
    let folder = Folder::new();
    let left = Arc::new(AtomicU32::new(1));
    let refuses = {
        let left = Arc::clone(&left);
        move |change: &RunChange<'_>| {
            matches!(change, RunChange::Ended { .. })
                && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        }
    };
    let store = opened(&folder, noting(refuses));
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    assert!(append(&mut *journal, 2, &[ended(RunStatus::Passed)]).is_err());
    assert!(append(&mut *journal, 3, &[Record::Paused]).is_err(), "it follows what is not stored");
    drop(journal);
    let (stored, mut journal) = store.open(run_id(1)).unwrap();
    assert_eq!(stored.lines.len(), 1);
    append(&mut *journal, 4, &[ended(RunStatus::Failed)]).unwrap();
    assert_eq!(noted(&store), ["created by nobody", "ended failed"]);
}

#[test]
fn a_run_whose_deletion_is_refused_stays() {
    let folder = Folder::new();
    let store = opened(&folder, noting(|change| matches!(change, RunChange::Deleted { .. })));
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted, ended(RunStatus::Passed)]).unwrap();
    drop(journal);
    assert!(matches!(store.delete(run_id(1)), Err(StoreError::Refused { .. })));
    assert!(store.reader(run_id(1)).is_ok());
    assert_eq!(noted(&store).len(), 2);
}

#[test]
fn a_function_that_panics_refuses_and_the_store_goes_on() {
    let folder = Folder::new();
    let tables = HostTables::new("").on_change(|_, change| match change.run() == run_id(1) {
        true => panic!("a mistake of the host"),
        false => Ok(()),
    });
    let store = opened(&folder, tables);
    let refused = append(&mut *store.create(new_run(1)).unwrap(), 1, &[Record::RunStarted]).unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
    append(&mut *store.create(new_run(2)).unwrap(), 1, &[Record::RunStarted]).unwrap();
}

#[test]
fn the_host_reads_the_stores_tables_and_writes_only_its_own() {
    let folder = Folder::new();
    let store = opened(&folder, HostTables::new(SCHEMA));
    append(&mut *store.create(new_run(1)).unwrap(), 1, &[Record::RunStarted]).unwrap();
    let tried = |sql: &'static str| store.write_host_tables(move |tables| tables.execute(sql, &[]));
    for sql in [
        "DELETE FROM run",
        "UPDATE state SET status = 'passed'",
        "INSERT INTO deleted VALUES (x'00', x'00')",
        "DROP TABLE decision",
        "CREATE TRIGGER t AFTER INSERT ON decision BEGIN SELECT 1; END",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "PRAGMA user_version = 7",
        "ATTACH 'other' AS other",
        "VACUUM",
    ] {
        assert!(tried(sql).is_err(), "{sql}");
    }
    let count = store.read_host_tables(|tables| tables.query("SELECT count(*) FROM run", &[])).unwrap();
    assert_eq!(count, [[SqlValue::Integer(1)]]);
    assert!(store.read_host_tables(|tables| tables.execute("DELETE FROM change", &[])).is_err());
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_hosts_own_writes_are_whole_or_not_at_all() {
    let folder = Folder::new();
    let store = opened(&folder, noting(|_| false));
    let add = |tables: &HostTransaction<'_>| tables.execute("INSERT INTO change VALUES (x'00', 'mine')", &[]);
    assert_eq!(store.write_host_tables(add).unwrap(), 1);
    let failed = store.write_host_tables(move |tables| {
        add(tables)?;
        Err::<(), _>("changed my mind".into())
    });
    assert_eq!(failed.unwrap_err().to_string(), "changed my mind");
    assert_eq!(noted(&store), ["mine"]);
    let none = Folder::new();
    assert!(none.open().write_host_tables(|_| Ok(())).is_err(), "it was opened without any");
}

#[test]
fn tables_that_cannot_be_made_are_told_when_the_store_is_opened() {
    let folder = Folder::new();
    for schema in ["CREATE TABLE", "DROP TABLE run", "PRAGMA user_version = 9"] {
        let error = folder.options().host_tables(HostTables::new(schema)).open().unwrap_err();
        assert!(error.to_string().starts_with("could not make the host's tables in the store `"), "{error}");
    }
    assert!(folder.open().verify().unwrap().is_sound());
}
