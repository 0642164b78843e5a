//! Journals whose bytes are what was written and whose lines are not those of a run: `verify` alone finds nothing
//! wrong with them, a replay does.

use flowrun_core::{
    Attempt, Facts, NodeIx, NodeStatus, ObjectEntry, ObjectReport, Record, RunSpec, RunStatus, Site,
    TaskTypes,
};
use flowrun_store::{NewRun, Store};
use serde_json::json;

use crate::common::{Folder, append, at, ended, run_id, store_run};

fn node() -> NodeIx {
    NodeIx::new(0)
}

fn started() -> Record {
    Record::AttemptStarted {
        node: node(),
        attempt: Attempt::FIRST,
        deadline: None,
        possible_duplicate: false,
    }
}

fn node_ended() -> Record {
    let (node, attempt, status) = (node(), Attempt::FIRST, NodeStatus::Passed);
    Record::NodeEnded { node, attempt, status, flaky: false }
}

/// A run with one line a second, of a flow whose only node is this one.
fn store_flow(store: &dyn Store, number: u8, node: &str, records: &[Record]) {
    let flow = format!(r#"{{"nodes":[{node}],"edges":[]}}"#);
    let spec = RunSpec::new(run_id(number), at(0), Site::new("https://a.example"));
    let mut journal = store.create(NewRun::new(spec, flow)).unwrap();
    for (second, record) in (0..).zip(records) {
        append(&mut *journal, second, std::slice::from_ref(record)).unwrap();
    }
}

/// What a replay finds in a store that has nothing else wrong.
fn problems(store: impl FnOnce(&dyn Store)) -> Vec<String> {
    let folder = Folder::new();
    let opened = folder.open();
    store(&opened);
    assert!(opened.verify().unwrap().is_sound());
    opened.verify_replaying(&TaskTypes::documented()).unwrap().problems
}

#[test]
fn a_journal_that_its_flow_could_have_written_is_sound() {
    let whole = [Record::RunStarted, started(), node_ended(), ended(RunStatus::Passed)];
    for lines in 1..=whole.len() {
        let found = problems(|store| store_run(store, 1, &whole[..lines]));
        assert_eq!(found, [""; 0], "{lines} lines");
    }
}

#[test]
fn a_journal_that_no_run_has_written_is_named() {
    for (records, what) in [
        (&[started()][..], "record 1 of the journal does not fit: the run has not started"),
        (&[Record::RunStarted, Record::RunStarted], "record 2"),
        (&[Record::RunStarted, node_ended()], "record 2"),
        (&[Record::RunStarted, started(), ended(RunStatus::Passed)], "nodes are not done yet"),
        (&[Record::RunStarted, Record::NodeSkipped { node: NodeIx::new(7) }], "the flow has no such node"),
    ] {
        let found = problems(|store| {
            store_run(store, 1, &[Record::RunStarted]);
            store_run(store, 2, records);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("run `{}`: record ", run_id(2))), "{found:?}");
        assert!(found[0].contains(what), "{found:?}");
    }
}

/// What a run decides when it ends is one decision. A line of it that comes later replays, but not to the state
/// that lists tell of.
#[test]
fn a_state_that_the_journal_does_not_give_is_named() {
    let judge = r#"{"id":"1","data":{"task_type":"scan","conditions":[{"data_type":"score"}]}}"#;
    let entry = ObjectEntry::new("a", "b");
    let objects = Record::Objects {
        node: node(),
        objects: [ObjectReport { entry, facts: Some(Facts::new(json!({}))) }].into(),
    };
    let judged = Record::Judged { node: node(), entry: 0, side: None, evaluation: None };
    let found = problems(|store| {
        let records =
            [Record::RunStarted, started(), objects, node_ended(), ended(RunStatus::Passed), judged];
        store_flow(store, 1, judge, &records);
    });
    let what = "its state is not what a replay of its journal gives";
    assert_eq!(found, [format!("run `{}`: {what}", run_id(1))]);
}

#[test]
fn a_flow_that_no_run_can_be_of_is_named() {
    let found = problems(|store| store_flow(store, 1, "", &[Record::RunStarted]));
    assert_eq!(found, [format!("run `{}`: the flow is refused: the flow has no nodes", run_id(1))]);
}

#[test]
fn a_run_of_task_types_that_are_not_known_here_is_told_apart_from_damage() {
    let folder = Folder::new();
    let store = folder.open();
    store_flow(&store, 1, r#"{"id":"1","data":{"task_type":"audit"}}"#, &[Record::RunStarted]);
    let verified = store.verify_replaying(&TaskTypes::documented()).unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!((verified.runs, verified.lines, verified.not_replayed.len()), (1, 1, 1));
    assert!(verified.not_replayed[0].contains("task type `audit`"), "{verified:?}");
    let types = TaskTypes::documented().with("audit", flowrun_core::Role::Producer);
    assert_eq!(store.verify_replaying(&types).unwrap().not_replayed, [""; 0]);
}
