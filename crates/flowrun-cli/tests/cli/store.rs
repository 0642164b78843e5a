//! `flowrun store`, and files that are no store.

use std::path::{Path, PathBuf};

use flowrun::{Commit, NewRun, NodeIx, Record, RunId, RunSpec, RunStatus, Site, Store as _, Timestamp};
use flowrun_store::SqliteStore;
use serde_json::{Value, json};

use crate::support::{Ended, Place};

/// A run of this number in a store at `path`, still open or passed.
pub(crate) fn stored_run(path: &Path, number: u8, status: RunStatus) -> RunId {
    let end = Record::RunEnded { status, step: NodeIx::new(0) };
    let records = if status.is_over() { vec![Record::RunStarted, end] } else { vec![Record::RunStarted] };
    stored_journal(path, number, "scan", &records)
}

/// A run of one node of that type with these lines, whether or not they make sense.
fn stored_journal(path: &Path, number: u8, task_type: &str, records: &[Record]) -> RunId {
    let store = SqliteStore::open_file(path).expect("a store in a folder of our own");
    let (id, at) = (RunId::from_bytes([number; 16]), Timestamp::from_micros(i64::from(number) * 1_000_000));
    let spec = RunSpec::new(id, at, Site::new("https://example.com"));
    let node = format!(r#"{{"id":"1","data":{{"id":"1","task_type":"{task_type}"}}}}"#);
    let flow = format!(r#"{{"title":"Nightly","nodes":[{node}],"edges":[]}}"#);
    let mut journal = store.create(NewRun::new(spec, flow)).expect("the id is new");
    for record in records {
        let commit: Commit = journal.append(at, &mut vec![record.clone()]);
        futures::executor::block_on(commit.done()).expect("there is room");
    }
    id
}

/// A folder with a store of one run that is over.
fn place_with_store() -> (Place, PathBuf) {
    let place = Place::new();
    let path = place.path().join("runs.db");
    stored_run(&path, 1, RunStatus::Passed);
    (place, path)
}

fn json_of(ended: &Ended) -> Value {
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    serde_json::from_str(&ended.out).expect("it is JSON")
}

#[test]
fn a_sound_store_is_verified_counted_and_copied() {
    let (place, _) = place_with_store();
    let verified = place.run(&["store", "verify", "--store", "runs.db"]);
    assert_eq!(
        (verified.code, verified.out.as_str()),
        (0, "runs.db is sound: 1 runs, 2 lines\n"),
        "{verified:?}"
    );
    let verified = json_of(&place.run(&["store", "verify", "--store", "runs.db", "--json"]));
    let sound = json!({"version": 1, "ok": true, "runs": 1, "lines": 2, "problems": [], "not_replayed": []});
    assert_eq!(verified, sound);

    let stats = json_of(&place.run(&["store", "stats", "--store", "runs.db", "--json"]));
    assert_eq!(
        (&stats["runs"], &stats["open"], &stats["lines"]),
        (&1.into(), &0.into(), &2.into()),
        "{stats}"
    );
    let stats = place.run(&["store", "stats", "--store", "runs.db"]);
    assert!(stats.out.starts_with("runs        1\nopen        0\n"), "{stats:?}");

    let copied = place.run(&["store", "backup", "copy.db", "--store", "runs.db"]);
    assert_eq!((copied.code, copied.out.as_str()), (0, ""), "{copied:?}");
    let of_copy = json_of(&place.run(&["store", "verify", "--store", "copy.db", "--json"]));
    assert_eq!(of_copy["runs"], 1);
    let again = place.run(&["store", "backup", "copy.db", "--store", "runs.db"]);
    assert_eq!((again.code, again.out.as_str()), (4, ""), "a copy is not written over a file: {again:?}");
}

/// Makes something of a sound store that is none, and shows that it is refused in one line with `told` in it,
/// and left as it is.
fn refused(told: &str, spoil: impl FnOnce(&Path)) {
    let (place, path) = place_with_store();
    spoil(&path);
    let before = std::fs::read(&path).ok();
    for command in [
        &["runs", "list"][..],
        &["runs", "delete", "01"],
        &["store", "verify"],
        &["store", "stats"],
        &["store", "backup", "copy.db"],
    ] {
        let ended = place.run(&[command, &["--store", "runs.db"]].concat());
        assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{command:?}: {ended:?}");
        assert!(ended.err.starts_with("error: ") && ended.err.contains("runs.db"), "{command:?}: {ended:?}");
        assert!(ended.err.contains(told), "{command:?}: {ended:?}");
        assert_eq!(ended.err.lines().count(), 1, "{command:?}: {ended:?}");
        assert!(ended.err.contains("; "), "it says what to do: {ended:?}");
        assert_eq!(std::fs::read(&path).ok(), before, "{command:?} changed the file");
    }
    assert!(!place.path().join("copy.db").exists());
}

#[test]
fn what_is_no_store_is_refused_in_one_line_and_left_as_it_is() {
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    refused("there is no store", |path| std::fs::remove_file(path).unwrap());
    refused("is empty", |path| std::fs::write(path, "").unwrap());
    refused("is not a store", |path| std::fs::write(path, "{\"nodes\": []}").unwrap());
    refused("is not a file", |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    });
    refused("is cut off", |path| {
        let whole = bytes(path);
        std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
    });
    refused("later than", |path| {
        // Where the file format of SQLite keeps the number that programs give their format.
        let mut newer = bytes(path);
        newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
        std::fs::write(path, newer).unwrap();
    });
    refused("is damaged", |path| {
        let mut damaged = bytes(path);
        damaged[100..4096].fill(0xa5);
        std::fs::write(path, damaged).unwrap();
    });
    refused("is read-only", |path| {
        let mut mode = std::fs::metadata(path).unwrap().permissions();
        mode.set_readonly(true);
        std::fs::set_permissions(path, mode).unwrap();
    });
}

#[test]
fn a_store_that_is_open_is_refused_with_the_process_that_holds_it() {
    let holder = std::sync::Mutex::new(None);
    refused(&format!("in process {} ", std::process::id()), |path| {
        *holder.lock().unwrap() = Some(SqliteStore::open_file(path).unwrap());
    });
}

#[test]
fn damage_inside_is_found_and_told() {
    let (place, path) = place_with_store();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(7).position(|window| window == b"Nightly").expect("the flow is stored");
    bytes[at] = b'F';
    std::fs::write(&path, bytes).unwrap();
    let ended = place.run(&["store", "verify", "--store", "runs.db"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.out.starts_with("runs.db is damaged:\n"), "{ended:?}");
    let told = place.run(&["store", "verify", "--store", "runs.db", "--json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&told["ok"], told["problems"].as_array().map(Vec::is_empty)),
        (&false.into(), Some(false)),
        "{told}"
    );
}

#[test]
fn a_journal_that_does_not_replay_is_found_and_its_run_named() {
    let (place, path) = place_with_store();
    let run = stored_journal(&path, 2, "scan", &[Record::RunStarted, Record::RunStarted]);
    let ended = place.run(&["store", "verify", "--store", "runs.db"]);
    let what = format!("run `{run}`: record 2 of the journal does not fit: the run has started already");
    assert_eq!((ended.code, ended.out), (4, format!("runs.db is damaged:\n  {what}\n")));
    assert!(ended.err.contains("help: "), "{}", ended.err);
}

#[test]
fn a_run_whose_journal_this_program_cannot_replay_is_named_and_no_damage() {
    let (place, path) = place_with_store();
    let run = stored_journal(&path, 2, "audit", &[Record::RunStarted]);
    let ended = place.run(&["store", "verify", "--store", "runs.db"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "runs.db is sound: 2 runs, 3 lines\n"));
    assert!(ended.err.starts_with(&format!("not replayed: run `{run}`: the flow is refused: ")), "{ended:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
}

#[test]
fn a_folder_that_is_missing_is_told_as_that() {
    let place = Place::new();
    std::fs::write(place.path().join("file"), "").unwrap();
    for path in ["missing/runs.db", "missing/deeper/runs.db", "file/runs.db"] {
        let ended = place.run(&["runs", "list", "--store", path]);
        assert_eq!((ended.code, ended.err.lines().count()), (4, 1), "{ended:?}");
        assert!(ended.err.contains("there is no folder `"), "{ended:?}");
        assert!(ended.err.contains("make the folder first") && !ended.err.contains("disk"), "{ended:?}");
    }
}

/// In a store a visit and its attempt are one number.
#[test]
fn attempts_of_a_later_visit_are_told_as_people_count_them() {
    let place = Place::new();
    let path = place.path().join("runs.db");
    let read = |text: &str| serde_json::from_str::<Record>(text).unwrap();
    let records = [
        "\"RunStarted\"",
        r#"{"AttemptStarted":{"node":0,"attempt":1}}"#,
        r#"{"NodeEnded":{"node":0,"attempt":1,"status":"failed"}}"#,
        r#"{"RunEnded":{"status":"failed","step":0}}"#,
        r#"{"Rerun":{"nodes":[0]}}"#,
        r#"{"AttemptStarted":{"node":0,"attempt":65537}}"#,
    ]
    .map(read);
    let id = stored_journal(&path, 1, "scan", &records);
    let shown = place.run(&["runs", "show", &id.to_string(), "--journal", "--store", "runs.db"]);
    let lines: Vec<Value> = shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["record"]["AttemptStarted"], json!({"node": 0, "attempt": 1}), "{shown:?}");
    assert_eq!(lines[5]["record"]["AttemptStarted"], json!({"node": 0, "attempt": 1, "visit": 2}));
}
