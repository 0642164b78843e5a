//! What is done to a store, what was promised meanwhile, and whether the promises were kept.

use std::collections::BTreeMap;
use std::time::Duration;

use flowrun_core::{NodeIx, Record, RunId, RunSpec, RunStatus, Site, Timestamp};
use flowrun_store::{Commit, Journal, NewRun, RunFilter, SqliteOptions, SqliteStore, Store, StoreError};
use flowrun_testkit::faults::Disk;

pub(crate) const FILE: &str = "store";

pub(crate) fn open(disk: &Disk) -> Result<SqliteStore, flowrun_store::OpenError> {
    SqliteOptions::new(FILE).quick(Duration::MAX).vfs(disk.name()).open()
}

pub(crate) fn id(run: u8) -> RunId {
    RunId::from_bytes([run; 16])
}

/// Line `line` of run `run`: from some bytes to some pages.
pub(crate) fn text(run: u8, line: usize) -> String {
    format!("{run}/{line}/").repeat(1 + (usize::from(run) * 31 + line * 7) % 40 * 25)
}

pub(crate) fn new_run(run: u8) -> NewRun {
    let spec = RunSpec::new(id(run), Timestamp::from_micros(run.into()), Site::new("https://a.example"));
    // Two flows, so that deleting a run takes one along or not.
    NewRun::new(spec, format!(r#"{{"title":"{}","nodes":[],"edges":[]}}"#, run % 2))
}

/// What was acknowledged of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    Lines(usize),
    Deleted,
}

/// What was promised of each run, after each promise.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) promises: Vec<BTreeMap<u8, Promise>>,
    /// Runs whose deletion was asked for.
    pub(crate) going: Vec<u8>,
}

impl Ledger {
    pub(crate) fn promise(&mut self, disk: &Disk, run: u8, promise: Promise) {
        let mut promises = self.promises.last().cloned().unwrap_or_default();
        promises.insert(run, promise);
        self.promises.push(promises);
        disk.mark(self.promises.len() as u64 - 1);
    }

    /// What was promised when number `promise` was the last one.
    pub(crate) fn at(&self, promise: Option<u64>) -> BTreeMap<u8, Promise> {
        promise.map_or_else(BTreeMap::new, |promise| self.promises[promise as usize].clone())
    }

    pub(crate) fn last(&self) -> BTreeMap<u8, Promise> {
        self.promises.last().cloned().unwrap_or_default()
    }
}

/// When an append is taken for acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// When the store says so.
    WhenDone,
    /// When the store was told: the mistake that tests must find.
    WhenAsked,
}

fn record(run: u8, line: usize) -> Record {
    Record::Logged { node: NodeIx::new(0), message: text(run, line).into() }
}

/// Opens the store as often as there are sessions, and in each writes two new runs and deletes one of the last.
pub(crate) fn sessions(
    disk: &Disk,
    ledger: &mut Ledger,
    count: u8,
    when: Acknowledge,
) -> Result<(), StoreError> {
    for session in 0..count {
        let store = open(disk).map_err(|_| StoreError::NotFound(id(0)))?;
        let runs = [session * 2 + 1, session * 2 + 2];
        let mut journals = [store.create(new_run(runs[0]))?, store.create(new_run(runs[1]))?];
        // Two lines a run: the second one finds nothing queued, and is written on this thread.
        let lines = [[0, 1], [2, 3], [4, 5]].into_iter();
        let turns = lines.flat_map(|lines| [0, 1].map(|journal| lines.map(|line| (journal, line))));
        for (journal, line) in turns.flatten() {
            let run = runs[journal];
            let end = [Record::RunEnded { status: RunStatus::Passed, step: NodeIx::new(0) }];
            let records = [record(run, line)];
            let records = if line < 5 { &records } else { &end };
            if when == Acknowledge::WhenAsked {
                ledger.promise(disk, run, Promise::Lines(line + 1));
            }
            append(&mut *journals[journal], line, records)?;
            if when == Acknowledge::WhenDone {
                ledger.promise(disk, run, Promise::Lines(line + 1));
            }
        }
        drop(journals);
        ledger.going.push(runs[0]);
        store.delete(id(runs[0]))?;
        ledger.promise(disk, runs[0], Promise::Deleted);
    }
    Ok(())
}

fn append(journal: &mut dyn Journal, line: usize, records: &[Record]) -> Result<(), StoreError> {
    let records = || records.to_vec();
    let commit = match journal.in_place() {
        Some(writer) => writer.append_in_place(at(line), &mut records()),
        None => journal.append(at(line), &mut records()),
    };
    let appended = futures::executor::block_on(commit.done());
    if appended.is_err() {
        // Nothing is written or acknowledged after a failure.
        let in_place = journal.in_place().map(|writer| writer.append_in_place(at(line), &mut records()));
        for next in in_place.into_iter().chain([journal.append(at(line), &mut records())]) {
            let is_refused = matches!(next, Commit::Done(Err(StoreError::FailStop { .. })));
            assert!(is_refused, "after {appended:?}: {next:?}");
        }
    }
    appended
}

fn at(line: usize) -> Timestamp {
    Timestamp::from_micros(line as i64)
}

/// Opens what is on the disk and compares it with what was promised. What is found beyond that must be what was
/// asked for.
pub(crate) fn check(disk: &Disk, ledger: &Ledger, promised: &BTreeMap<u8, Promise>) -> Result<(), String> {
    let store = open(disk).map_err(|error| format!("{error}: {:?}", std::error::Error::source(&error)))?;
    let listed = store.runs(&RunFilter::default()).map_err(|error| format!("{error:?}"))?;
    for run in &listed {
        let number = run.id.as_bytes()[0];
        let lines = store.reader(run.id).and_then(|reader| reader.read(0, 100));
        let lines = lines.map_err(|error| format!("{error:?}"))?.lines;
        for (line, found) in lines.iter().enumerate() {
            let as_written = match &found.record {
                Record::Logged { message, .. } => **message == text(number, line),
                Record::RunEnded { .. } => line == 5,
                _ => false,
            };
            if !as_written || found.seq != line as u64 + 1 || found.at != at(line) {
                return Err(format!("line {line} of run {number} is {found:?}"));
            }
        }
        if lines.len() as u64 != run.seq || run.status.is_over() != (lines.len() == 6) {
            return Err(format!("{run:?} has {} lines", lines.len()));
        }
        match promised.get(&number) {
            Some(Promise::Deleted) => return Err(format!("run {number} was deleted and is there")),
            Some(Promise::Lines(count)) if lines.len() < *count => {
                return Err(format!("run {number} has {} lines of {count}", lines.len()));
            }
            Some(Promise::Lines(_)) | None => {}
        }
    }
    for (run, promise) in promised {
        let is_there = listed.iter().any(|found| found.id == id(*run));
        let may_be_gone = ledger.going.contains(run);
        if *promise != Promise::Deleted && !is_there && !may_be_gone {
            return Err(format!("run {run} is gone"));
        }
        if *promise == Promise::Deleted && store.create(new_run(*run)).is_ok() {
            return Err(format!("the id of deleted run {run} is free"));
        }
    }
    Ok(())
}
