//! Runs to store, and a folder to store them in.

use std::path::{Path, PathBuf};

use flowrun_core::{NodeIx, Record, RunId, RunSpec, RunStatus, Site, Timestamp};
use flowrun_store::{Journal, NewRun, SqliteOptions, SqliteStore, Store, StoreError};
use tempfile::TempDir;

pub(crate) const FLOW: &str = r#"{"title":"T","nodes":[{"id":"1","data":{"task_type":"scan"}}],"edges":[]}"#;

pub(crate) fn run_id(number: u8) -> RunId {
    RunId::from_bytes([number; 16])
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(crate) fn new_run(number: u8) -> NewRun {
    NewRun::new(RunSpec::new(run_id(number), at(number.into()), Site::new("https://a.example")), FLOW)
}

pub(crate) fn ended(status: RunStatus) -> Record {
    Record::RunEnded { status, step: NodeIx::new(0) }
}

pub(crate) fn append(journal: &mut dyn Journal, second: i64, records: &[Record]) -> Result<(), StoreError> {
    futures::executor::block_on(journal.append(at(second), &mut records.to_vec()).done())
}

/// Stores a run that has these records, one a decision.
pub(crate) fn store_run(store: &dyn Store, number: u8, records: &[Record]) {
    let mut journal = store.create(new_run(number)).unwrap();
    for (second, record) in records.iter().enumerate() {
        append(&mut *journal, second as i64, std::slice::from_ref(record)).unwrap();
    }
}

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("runs.flowrun")
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.file()).reserve(0)
    }

    pub(crate) fn open(&self) -> SqliteStore {
        self.options().open().unwrap()
    }
}
