//! Tables of a host over the versions of the host, at a disk that can lose power, and under a look at the whole store.

use flowrun_core::{Record, RunStatus};
use flowrun_store::{HostTables, OpenError, SqlValue, SqliteOptions, SqliteStore, Store};
use flowrun_testkit::faults::Disk;

use crate::common::{Folder, ended, run_id, store_run};

const STEPS: [&str; 3] = [
    "CREATE TABLE entry (name TEXT NOT NULL) STRICT; INSERT INTO entry VALUES ('first')",
    "ALTER TABLE entry ADD COLUMN size INTEGER NOT NULL DEFAULT 1",
    "CREATE TABLE entry_new (name TEXT NOT NULL, size INTEGER NOT NULL) STRICT;
     INSERT INTO entry_new SELECT upper(name), size + 1 FROM entry;
     DROP TABLE entry;
     ALTER TABLE entry_new RENAME TO entry",
];

fn rows(store: &SqliteStore) -> Vec<Vec<SqlValue>> {
    store.read_host_tables(|tables| tables.query("SELECT * FROM entry", &[])).unwrap()
}

#[test]
fn each_step_is_done_once_and_those_that_are_new_are_made_up_for() {
    let folder = Folder::new();
    let open = |steps: &[&str]| folder.options().host_tables(HostTables::of_steps(steps)).open();
    let wanted: [Vec<SqlValue>; 3] =
        [vec!["first".into()], vec!["first".into(), 1.into()], vec!["FIRST".into(), 2.into()]];
    for (known, wanted) in (1..=3).zip(wanted) {
        assert_eq!(rows(&open(&STEPS[..known]).unwrap()), std::slice::from_ref(&wanted));
        assert_eq!(rows(&open(&STEPS[..known]).unwrap()), [wanted]);
    }
    let error = open(&STEPS[..2]).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 2, .. }), "{error:?}");
    // Whoever has to do with runs alone is not in the way of it, or of the store.
    assert_eq!(rows(&folder.open()), [[SqlValue::from("FIRST"), 2.into()]]);
    assert_eq!(
        open(&["CREATE TABLE a"]).unwrap_err().help(),
        OpenError::Newer { path: folder.file(), found: 3, known: 1 }.help()
    );
}

#[test]
fn a_step_that_fails_leaves_the_version_before() {
    let folder = Folder::new();
    let broken = [STEPS[0], "CREATE TABLE other (x) STRICT; CREATE TABLE"];
    let error = folder.options().host_tables(HostTables::of_steps(&broken)).open().unwrap_err();
    assert!(matches!(error, OpenError::HostTables { .. }), "{error:?}");
    let store = folder.options().host_tables(HostTables::of_steps(&STEPS[..2])).open().unwrap();
    assert_eq!(rows(&store), [[SqlValue::from("first"), 1.into()]]);
}

#[test]
fn a_step_that_is_cut_off_leaves_a_version_and_the_next_opening_goes_on() {
    let disk = Disk::new("store");
    let open =
        || SqliteOptions::new("store").vfs(disk.name()).host_tables(HostTables::of_steps(&STEPS)).open();
    drop(SqliteOptions::new("store").vfs(disk.name()).open().unwrap());
    disk.record();
    drop(open().unwrap());
    let recording = disk.recording();
    for moment in 0..recording.moments() {
        for seed in 0..4 {
            disk.load(&recording.cut(moment, seed).0);
            let store = open().unwrap_or_else(|error| panic!("moment {moment}: {error:?}"));
            assert_eq!(rows(&store), [[SqlValue::from("FIRST"), 2.into()]], "moment {moment}");
        }
    }
}

#[test]
fn tables_that_are_optional_are_kept_right_where_they_are_and_not_made_elsewhere() {
    let folder = Folder::new();
    let tables = || {
        HostTables::of_steps(&STEPS[..1]).on_change(|tables, change| {
            tables.execute("INSERT INTO entry VALUES (?)", &[change.run().to_string().into()]).map(drop)
        })
    };
    let optional = || folder.options().host_tables(tables().optional()).open().unwrap();
    let store = optional();
    store_run(&store, 1, &[Record::RunStarted]);
    assert!(store.write_host_tables(|_| Ok(())).is_err(), "there are none to write");
    assert!(store.read_host_tables(|tables| tables.query("SELECT * FROM entry", &[])).is_err());
    drop(store);
    drop(folder.options().host_tables(tables()).open().unwrap());
    let store = optional();
    store_run(&store, 2, &[Record::RunStarted]);
    assert_eq!(rows(&store), [[SqlValue::from("first")], [run_id(2).to_string().into()]]);
}

#[test]
fn a_look_at_the_whole_store_looks_at_the_hosts_tables_too() {
    let folder = Folder::new();
    let tables = |says: &'static str| {
        HostTables::of_steps(&STEPS).on_verify(move |tables| {
            let count = tables.query("SELECT 1 FROM entry", &[])?.len();
            match says {
                "" => Ok(Vec::new()),
                "fail" => Err("no idea".into()),
                says => Ok(vec![format!("{says}: {count}")]),
            }
        })
    };
    let problems = |says| {
        let store = folder.options().host_tables(tables(says)).open().unwrap();
        store_run(&store, u8::try_from(says.len()).unwrap(), &[Record::RunStarted, ended(RunStatus::Passed)]);
        store.verify().unwrap().problems
    };
    assert_eq!(problems(""), Vec::<String>::new());
    assert_eq!(problems("too many entries"), ["too many entries: 1"]);
    assert_eq!(problems("fail"), ["the host's tables cannot be looked at: no idea"]);
}

#[test]
fn works_that_are_written_together_fail_alone() {
    let folder = Folder::new();
    let store = folder.options().host_tables(HostTables::of_steps(&STEPS[..1])).open().unwrap();
    let work = |number: usize| {
        let name = SqlValue::from(number.to_string());
        store.write_host_tables_soon(move |tables| {
            tables.execute("INSERT INTO entry VALUES (?)", std::slice::from_ref(&name))?;
            match number % 3 {
                0 => Ok(number),
                1 => Err("on purpose".into()),
                _ => panic!("a mistake of the host"),
            }
        })
    };
    let done = futures::executor::block_on(futures::future::join_all((0..300).map(work)));
    for (number, done) in done.iter().enumerate() {
        match number % 3 {
            0 => assert_eq!(*done.as_ref().unwrap(), number),
            1 => assert_eq!(done.as_ref().unwrap_err().to_string(), "on purpose"),
            _ => assert!(done.is_err()),
        }
    }
    assert_eq!(rows(&store).len(), 1 + 100);
    // A run is written, and read, beside it.
    store_run(&store, 1, &[Record::RunStarted]);
    assert_eq!(store.stored(run_id(1)).unwrap().lines.len(), 1);
    let (_, _journal) = store.open(run_id(1)).unwrap();
    assert_eq!(store.stored(run_id(1)).unwrap().lines.len(), 1, "though somebody writes it");
    assert!(store.verify().unwrap().is_sound());
}

/// Nothing but the host's writes makes the log longer, and it does not grow without end.
#[test]
fn the_log_is_moved_into_the_file_also_where_only_the_host_writes() {
    let folder = Folder::new();
    let store = folder.options().host_tables(HostTables::of_steps(&STEPS[..1])).open().unwrap();
    let text = "x".repeat(4_000);
    for _ in 0..520 {
        let value = [SqlValue::from(text.as_str())];
        store.write_host_tables(move |tables| tables.execute("UPDATE entry SET name = ?", &value)).unwrap();
    }
    let log = std::fs::metadata(folder.path().join("runs.flowrun-wal")).unwrap().len();
    assert!(log < 3 << 20, "{log} bytes after 520 writes, each of some 8 KiB");
}
