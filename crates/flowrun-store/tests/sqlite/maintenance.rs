//! Backups, figures, and runs that are not kept.

use std::time::Duration;

use flowrun_core::{Record, RunStatus};
use flowrun_store::{OpenError, Retention, RunFilter, SqliteOptions, SqliteStore, Store, StoreError};

use crate::common::{Folder, append, at, ended, new_run, run_id, store_run};

fn ids(store: &SqliteStore) -> Vec<u8> {
    store.runs(&RunFilter::default()).unwrap().iter().map(|run| run.id.as_bytes()[0]).collect()
}

#[test]
fn a_backup_is_the_store_of_one_moment() {
    let folder = Folder::new();
    let store = folder.open();
    let mut journal = store.create(new_run(1)).unwrap();
    append(&mut *journal, 1, &[Record::RunStarted]).unwrap();
    let copy = folder.path().join("copy");
    store.backup(&copy).unwrap();
    append(&mut *journal, 2, &[Record::CancelRequested]).unwrap();
    assert!(matches!(store.backup(&copy), Err(OpenError::Io { .. })), "it is not written over");

    let copied = SqliteOptions::new(&copy).reserve(0).open().unwrap();
    assert_eq!((copied.id(), copied.epoch()), (store.id(), 2));
    assert_eq!(copied.reader(run_id(1)).unwrap().read(0, 10).unwrap().lines.len(), 1);
    assert!(copied.verify().unwrap().is_sound());
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn old_and_surplus_runs_go_and_open_ones_stay() {
    let folder = Folder::new();
    let store = folder.open();
    let closed = [Record::RunStarted, ended(RunStatus::Passed)];
    store_run(&store, 1, &closed[..1]);
    for number in 2..6 {
        store_run(&store, number, &closed);
    }
    let retain = |keep: Retention, second| store.retain(&keep, at(second)).unwrap();
    assert_eq!(retain(Retention::default(), i64::from(u32::MAX)), 0);
    assert_eq!(retain(Retention::default().count(3), 0), 1);
    assert_eq!(ids(&store), [5, 4, 3, 1]);
    let held = store.open(run_id(4)).unwrap();
    assert_eq!(retain(Retention::default().age(Duration::from_secs(60)), 61), 0);
    assert_eq!(retain(Retention::default().age(Duration::from_secs(60)), 62), 2);
    drop(held);
    assert_eq!(ids(&store), [4, 1]);
    assert_eq!(retain(Retention::default().count(0), 0), 1);
    let stats = store.stats().unwrap();
    assert_eq!((stats.runs, stats.open, stats.lines, stats.flows, stats.deleted), (1, 1, 1, 1, 4));
    assert!(matches!(store.create(new_run(4)), Err(StoreError::AlreadyExists(_))));
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_flow_is_kept_once_and_goes_with_its_last_run() {
    let folder = Folder::new();
    let store = folder.open();
    for number in [1, 2] {
        store_run(&store, number, &[Record::RunStarted, ended(RunStatus::Failed)]);
    }
    let flows = || store.stats().unwrap().flows;
    assert_eq!(flows(), 1);
    store.delete(run_id(1)).unwrap();
    assert_eq!(flows(), 1);
    store.delete(run_id(2)).unwrap();
    assert_eq!(flows(), 0);
}
