//! A file that cannot be used: one clear error, and the file as it was.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use flowrun_store::{OpenError, Store};
use rusqlite::Connection;

use crate::common::{Folder, store_run};
use flowrun_core::Record;

/// Opens what is in the folder, and checks that it was refused, that nothing was changed and nothing left
/// beside it.
fn refused(folder: &Folder) -> OpenError {
    let contents = || fs::read(folder.file()).ok();
    let names = || fs::read_dir(folder.path()).unwrap().count();
    let before = (contents(), names());
    let error = folder.options().open().unwrap_err();
    assert!((contents(), names()) == before, "something was changed: {error}");
    assert!(!error.help().is_empty());
    assert_eq!(error.to_string().lines().count(), 1);
    error
}

/// A closed store with a run in it.
fn stored() -> Folder {
    let folder = Folder::new();
    store_run(&folder.open(), 1, &[Record::RunStarted]);
    for left in ["-lock", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("runs.flowrun{left}")));
    }
    folder
}

#[test]
fn an_empty_file_is_not_taken_for_a_new_store() {
    let folder = Folder::new();
    fs::write(folder.file(), "").unwrap();
    assert!(matches!(refused(&folder), OpenError::Empty(_)));
}

#[test]
fn a_text_is_not_a_store() {
    let folder = Folder::new();
    for text in ["hello", &"hello ".repeat(1000)] {
        fs::write(folder.file(), text).unwrap();
        assert!(matches!(refused(&folder), OpenError::Foreign { .. }));
    }
}

#[test]
fn the_file_of_another_program_is_not_a_store() {
    let folder = Folder::new();
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(connection);
    assert!(matches!(refused(&folder), OpenError::Foreign { what, .. } if what.contains("SQLite")));
}

#[test]
fn a_store_that_is_cut_off_is_refused() {
    let folder = stored();
    let whole = fs::read(folder.file()).unwrap();
    for size in [1, 15, 99, 100, 4096, whole.len() - 4096, whole.len() - 1] {
        fs::write(folder.file(), &whole[..size]).unwrap();
        assert!(matches!(refused(&folder), OpenError::Truncated { .. }), "{size}");
    }
    fs::write(folder.file(), &whole).unwrap();
    assert_eq!(folder.open().epoch(), 2);
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let folder = stored();
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute_batch("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    assert!(matches!(refused(&folder), OpenError::Newer { found: 99, .. }));
}

#[test]
fn a_later_version_is_refused_while_it_stands_in_the_log_alone() {
    let folder = stored();
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99").unwrap();
    let before = fs::read(folder.file()).unwrap();
    let error = folder.options().open().unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    assert!(fs::read(folder.file()).unwrap() == before);
}

#[test]
fn a_file_that_may_not_be_written_or_read_is_refused() {
    let folder = stored();
    let set = |mode| fs::set_permissions(folder.file(), fs::Permissions::from_mode(mode)).unwrap();
    set(0o400);
    assert!(matches!(refused(&folder), OpenError::ReadOnly(_)));
    set(0o000);
    let error = folder.options().open().unwrap_err();
    assert!(matches!(error, OpenError::NoPermission { action: "read", .. }));
    set(0o600);
    assert_eq!(folder.open().epoch(), 2);
}

#[test]
fn a_store_that_is_open_is_refused_and_its_owner_named() {
    let folder = Folder::new();
    let store = folder.open();
    let OpenError::AlreadyOpen { pid, boot, .. } = refused(&folder) else { panic!("it was open") };
    assert_eq!(pid, std::process::id());
    assert!(boot.len() == 36 || boot == "unknown", "{boot}");
    // Another way to the same file leads to the same lock.
    symlink(folder.file(), folder.path().join("link")).unwrap();
    let link = flowrun_store::SqliteOptions::new(folder.path().join("link"));
    assert!(matches!(link.open().unwrap_err(), OpenError::AlreadyOpen { .. }));
    drop(store);
    assert_eq!(folder.open().epoch(), 2);
}

#[test]
fn a_store_that_a_tool_holds_is_refused() {
    let folder = stored();
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let before = fs::read(folder.file()).unwrap();
    assert!(matches!(folder.options().open().unwrap_err(), OpenError::Locked(_)));
    assert!(fs::read(folder.file()).unwrap() == before);
}

#[test]
fn a_damaged_store_is_refused() {
    let folder = stored();
    let mut bytes = fs::read(folder.file()).unwrap();
    // The page of the schema behind its header.
    bytes[100..4096].fill(0xff);
    fs::write(folder.file(), &bytes).unwrap();
    let error = folder.options().open().unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(fs::read(folder.file()).unwrap() == bytes);
}

#[test]
fn a_folder_is_not_a_store_and_a_missing_one_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    assert!(matches!(folder.options().open().unwrap_err(), OpenError::NotAFile(_)));
    let nowhere = flowrun_store::SqliteOptions::new(folder.path().join("no/where"));
    assert!(matches!(nowhere.open().unwrap_err(), OpenError::NoFolder { .. }));
    let missing = flowrun_store::SqliteOptions::new(folder.path().join("none")).create(false);
    assert!(matches!(missing.open().unwrap_err(), OpenError::Missing(_)));
    assert!(!folder.path().join("none").exists());
}

#[test]
fn a_log_without_its_store_is_not_taken_for_that_of_a_new_one() {
    let folder = Folder::new();
    let log = folder.path().join("runs.flowrun-wal");
    fs::write(&log, "frames").unwrap();
    assert!(matches!(refused(&folder), OpenError::Orphan(found) if found.ends_with("runs.flowrun-wal")));
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = Folder::new();
    let store = folder.options().reserve(1 << 16).open().unwrap();
    store_run(&store, 1, &[Record::RunStarted]);
    store.runs(&flowrun_store::RunFilter::default()).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
    names.sort_by_key(|entry| entry.file_name());
    let modes: Vec<_> =
        names.iter().map(|entry| entry.metadata().unwrap().permissions().mode() & 0o777).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
}

#[test]
fn a_draft_that_a_crash_left_behind_is_replaced() {
    let folder = Folder::new();
    fs::write(folder.path().join("runs.flowrun-new"), "half a st").unwrap();
    assert_eq!(folder.open().epoch(), 1);
    assert!(!folder.path().join("runs.flowrun-new").exists());
}
