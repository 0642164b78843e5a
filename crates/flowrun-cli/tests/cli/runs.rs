//! `flowrun runs`.

use flowrun::RunStatus;
use serde_json::Value;

use crate::store::stored_run;
use crate::support::{Place, flow};

/// A folder with a store of three runs: an open one, created last, and two that are over.
fn place() -> Place {
    let place = Place::new();
    let path = place.path().join("runs.db");
    stored_run(&path, 0x11, RunStatus::Passed);
    stored_run(&path, 0x12, RunStatus::Failed);
    stored_run(&path, 0x22, RunStatus::Working);
    place
}

#[test]
fn runs_are_listed_with_the_last_one_first() {
    let place = place();
    let ended = place.run(&["runs", "list", "--store", "runs.db"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    insta::assert_snapshot!(ended.out, @r"
    run                                   status  created                     updated                     flow     site
    22222222-2222-2222-2222-222222222222  lost    1970-01-01 00:00:34.000000  1970-01-01 00:00:34.000000  Nightly  https://example.com
    12121212-1212-1212-1212-121212121212  failed  1970-01-01 00:00:18.000000  1970-01-01 00:00:18.000000  Nightly  https://example.com
    11111111-1111-1111-1111-111111111111  passed  1970-01-01 00:00:17.000000  1970-01-01 00:00:17.000000  Nightly  https://example.com
    ");
}

#[test]
fn a_list_can_be_of_open_runs_be_short_and_be_json() {
    let place = place();
    let open = place.run(&["runs", "list", "--store", "runs.db", "--open", "--json"]);
    let open: Value = serde_json::from_str(&open.out).unwrap();
    assert_eq!(open["has_more"], false);
    assert_eq!(open["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!((&open["runs"][0]["status"], &open["runs"][0]["state"]), (&"working".into(), &"lost".into()));
    assert_eq!(open["runs"][0]["created"], "1970-01-01T00:00:34Z");
    let short = place.run(&["runs", "list", "--store", "runs.db", "--limit", "2"]);
    assert_eq!((short.code, short.out.lines().count()), (0, 3));
    assert!(short.err.contains("--limit"), "{short:?}");
}

#[test]
fn a_run_is_meant_by_a_beginning_of_its_id_that_no_other_has() {
    let place = place();
    let delete = |run| place.run(&["runs", "delete", "--store", "runs.db", run]);
    let ambiguous = delete("1");
    assert_eq!((ambiguous.code, ambiguous.out.as_str()), (2, ""));
    assert!(ambiguous.err.contains("`1` is the beginning of 2 runs"), "{ambiguous:?}");
    for unknown in ["3", "11111111-2", "", "\u{1b}[2J"] {
        let ended = delete(unknown);
        assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{ended:?}");
        assert!(ended.err.contains("there is no run") && !ended.err.contains('\u{1b}'), "{ended:?}");
    }
    assert_eq!(delete("12").code, 0);
}

#[test]
fn only_what_is_over_is_deleted_and_it_is_gone() {
    let place = place();
    let open = place.run(&["runs", "delete", "--store", "runs.db", "22"]);
    assert_eq!((open.code, open.out.as_str()), (4, ""));
    assert!(open.err.contains("is not over; cancel the run first"), "{open:?}");
    let gone = place.run(&["runs", "delete", "--store", "runs.db", "11", "--json"]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(gone.out.contains("\"deleted\": \"11111111-1111-1111-1111-111111111111\""), "{gone:?}");
    assert_eq!(place.run(&["runs", "delete", "--store", "runs.db", "11"]).code, 4);
    assert_eq!(place.run(&["runs", "list", "--store", "runs.db"]).out.lines().count(), 3);
}

#[test]
fn a_run_is_explained_as_it_is_and_as_it_was() {
    let place = Place::new();
    place.file(
        "flow.json",
        flow(&[("1", "", ""), ("2", "scan", ""), ("3", "scan", "")], &[("1", "2"), ("2", "3")]),
    );
    let run =
        place.run(&["run", "flow.json", "--site", "https://example.com", "--store", "runs.db", "--json"]);
    let run: Value = serde_json::from_str(&run.out).unwrap();
    let id = run["id"].as_str().unwrap();
    let explain =
        |more: &[&str]| place.run(&[&["runs", "explain", &id[..8], "--store", "runs.db"], more].concat());
    let whole = explain(&[]);
    assert_eq!((whole.code, whole.err.as_str()), (0, ""), "{whole:?}");
    insta::assert_snapshot!(whole.out, @r"
    The run passed: no node failed (record 5).
    `1` has no task and ends its branch (record 2).
    `2` was skipped (record 3): `1` above it is empty (record 2).
    `3` was skipped (record 4): `2` above it was skipped (record 3).
    ");
    insta::assert_snapshot!(explain(&["--node", "3", "--at", "2"]).out, @r"
    The run is working.
    `3` has not started: it waits for `2`.
    `2` has not started: it is next.
    ");
    let told: Value = serde_json::from_str(&explain(&["--node", "3", "--json"]).out).unwrap();
    assert_eq!((&told["version"], &told["id"], &told["at"]), (&1.into(), &id.into(), &5.into()));
    assert_eq!(told["nodes"][0]["edges"][0]["why"], serde_json::json!({"reason": "skipped", "record": 3}));
    for (wrong, says) in
        [(["--at", "6"], "has no record 6: the last one is 5"), (["--node", "x"], "has no node `x`")]
    {
        let ended = explain(&wrong);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.contains(says), "{ended:?}");
    }
}
