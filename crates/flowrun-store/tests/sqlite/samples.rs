//! Stores and records as released versions wrote them: they always load.
//!
//! `samples/v1.json` has a record of every kind and `samples/v1.flowrun` is a store of them. Neither changes
//! once it is released; what a later version adds goes into files of its own: `samples/v1-added.json` has the kinds of
//! records that came later and need no other format.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flowrun_core::{Page, Record, RunPolicy, RunSpec, RunStatus, Semantics, Site};
use flowrun_store::{NewRun, RunFilter, SqliteOptions, Store, StoredRun};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::common::{FLOW, Folder, append, at, run_id};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)
}

fn texts() -> Vec<Box<RawValue>> {
    texts_of("v1.json")
}

fn texts_of(name: &str) -> Vec<Box<RawValue>> {
    serde_json::from_str(&fs::read_to_string(sample(name)).unwrap()).unwrap()
}

/// One of every kind of record.
fn all_texts() -> Vec<Box<RawValue>> {
    [texts(), texts_of("v1-added.json")].concat()
}

fn record(text: &RawValue) -> Record {
    serde_json::from_str(text.get()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn records() -> Vec<Record> {
    texts().iter().map(|text| record(text)).collect()
}

/// The run that the sample holds: decisions of one, two and all other records.
fn new_run() -> NewRun {
    let site = Site::new("https://a.example").with_page(Page::new("https://a.example/b"));
    let policy = RunPolicy::default().attempt_timeout(Duration::from_millis(1500));
    let configs = RawValue::from_string(r#"{"end_on_fail":false}"#.to_owned()).unwrap();
    let spec = RunSpec::new(run_id(1), at(7), site).policy(policy).configs(configs);
    // The sample is older than the number that tells readings apart.
    let spec = spec.semantics(Semantics::V1);
    NewRun::new(spec, FLOW).with_secrets(vec!["KEY".to_owned(), "TOKEN".to_owned()])
}

fn store_sample(store: &dyn Store) {
    let records = records();
    let mut journal = store.create(new_run()).unwrap();
    for (second, part) in [(8, &records[..1]), (9, &records[1..3]), (10, &records[3..])] {
        append(&mut *journal, second, part).unwrap();
    }
}

/// Opens the run of the sample and compares it with what was written.
fn check(store: &dyn Store) {
    let (StoredRun { new, lines, .. }, _) = store.open(run_id(1)).unwrap();
    assert_eq!((&*new.flow, &new.secrets[..]), (FLOW, &["KEY".to_owned(), "TOKEN".to_owned()][..]));
    let spec = |run: &NewRun| serde_json::to_string(&run.spec).unwrap();
    assert_eq!(spec(&new), spec(&new_run()));
    let read: Vec<_> = lines.iter().map(|line| (line.seq, line.at, json(&line.record))).collect();
    let times = [8, 9, 9].into_iter().chain(std::iter::repeat(10));
    let written: Vec<_> = (1..)
        .zip(times)
        .zip(records())
        .map(|((seq, second), record)| (seq, at(second), json(&record)))
        .collect();
    assert_eq!(read, written);
    let listed = &store.runs(&RunFilter::default()).unwrap()[0];
    assert_eq!((listed.status, listed.seq), (RunStatus::Cancelled, read.len() as u64));
}

fn json(record: &Record) -> String {
    serde_json::to_string(record).unwrap()
}

#[test]
fn the_store_of_version_1_loads_and_can_be_written_on() {
    let folder = Folder::new();
    fs::copy(sample("v1.flowrun"), folder.file()).unwrap();
    let store = folder.open();
    assert_eq!(store.epoch(), 2);
    assert!(store.verify().unwrap().is_sound());
    check(&store);
    let (_, mut journal) = store.open(run_id(1)).unwrap();
    append(&mut *journal, 11, &[Record::RunStarted]).unwrap();
    assert_eq!(store.runs(&RunFilter::default().open()).unwrap().len(), 1);
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn what_is_written_today_is_read_back() {
    let folder = Folder::new();
    store_sample(&folder.open());
    check(&folder.open());
}

#[test]
fn records_keep_what_they_say() {
    for text in all_texts() {
        let first = record(&text);
        let (written, again) = (json(&first), json(&record(&RawValue::from_string(json(&first)).unwrap())));
        assert_eq!(written, again);
        // Numbers to the last bit, texts to the last character.
        let (said, kept): (Value, Value) =
            (serde_json::from_str(text.get()).unwrap(), serde_json::from_str(&written).unwrap());
        assert!(keeps(&said, &kept), "{said} became {kept}");
    }
}

/// Whether `kept` says all that `said` does. It may say more: what is absent has a default.
fn keeps(said: &Value, kept: &Value) -> bool {
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => {
            said.iter().all(|(key, value)| kept.get(key).is_some_and(|kept| keeps(value, kept)))
        }
        (Value::Array(said), Value::Array(kept)) => {
            said.len() == kept.len() && said.iter().zip(kept).all(|(said, kept)| keeps(said, kept))
        }
        _ => said == kept,
    }
}

#[test]
fn there_is_a_sample_of_every_kind_of_record() {
    let refused = serde_json::from_str::<Record>(r#""no such record""#).unwrap_err().to_string();
    let (_, kinds) = refused.split_once("expected one of ").expect("serde lists what it knows");
    let kinds: BTreeSet<_> = kinds.split('`').skip(1).step_by(2).collect();
    let written: Vec<Value> =
        all_texts().iter().map(|text| serde_json::from_str(text.get()).unwrap()).collect();
    let sampled: BTreeSet<_> = written
        .iter()
        .map(|record| match record {
            Value::Object(record) => record.keys().next().unwrap().as_str(),
            record => record.as_str().unwrap(),
        })
        .collect();
    assert!(kinds.len() >= 14, "{kinds:?}");
    assert_eq!(kinds.difference(&sampled).collect::<Vec<_>>(), [""; 0].iter().collect::<Vec<_>>());
}

/// Makes the sample of the version of today, where there is none.
#[test]
#[ignore = "writes a sample: only for a new version of the format"]
fn make_the_sample() {
    let path = sample("v1.flowrun");
    assert!(!path.exists(), "a sample does not change");
    store_sample(&SqliteOptions::new(&path).reserve(0).open().unwrap());
    let mut lock = path.into_os_string();
    lock.push("-lock");
    fs::remove_file(lock).unwrap();
}
