//! What every store must do: a suite that each one runs.
//!
//! ```
//! use flowrun_store::{MemoryStore, Store};
//! use flowrun_testkit::store_suite;
//!
//! // Each check gets a place of its own; opening it again must find what was stored, unless it is volatile.
//! let broken = store_suite::run(|| Box::new(|| Box::new(MemoryStore::default()) as Box<dyn Store>));
//! assert_eq!(broken, []);
//! ```

mod journal;
mod list;
mod reopen;
mod runs;

use std::fmt;

use flowrun_core::{NodeIx, Record, RunId, RunSpec, RunStatus, Site, Timestamp};
use flowrun_store::{Journal, JournalLine, NewRun, Store, StoreError};

/// Where a store lives. Opening it again, after the store was dropped, gives the same store.
pub trait Place {
    /// Opens the store.
    fn open(&self) -> Box<dyn Store>;

    /// Bytes of the largest piece that the store takes: the records of one decision, or the flow of a run. Whatever is
    /// larger has to be refused with [`StoreError::Unstorable`]; everything that the suite stores otherwise has less than
    /// 2 MiB. Default: there is no limit, and nothing is checked about it.
    fn largest(&self) -> Option<usize> {
        None
    }
}

impl<F: Fn() -> Box<dyn Store>> Place for F {
    fn open(&self) -> Box<dyn Store> {
        self()
    }
}

/// One thing a store must do.
#[derive(Clone, Copy)]
pub struct Check {
    /// What it does, as a claim.
    pub name: &'static str,
    check: fn(&dyn Place) -> Result<(), Broken>,
}

impl Check {
    /// Tries it in a new, empty place.
    ///
    /// # Errors
    ///
    /// What the store did instead.
    pub fn run(&self, place: &dyn Place) -> Result<(), String> {
        (self.check)(place).map_err(|Broken(how)| how)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every check.
pub fn checks() -> impl Iterator<Item = Check> {
    [journal::CHECKS, runs::CHECKS, list::CHECKS, reopen::CHECKS].into_iter().flatten().copied()
}

/// Runs every check, each in a new place, and gives the names of those that failed with what happened.
pub fn run(mut place: impl FnMut() -> Box<dyn Place>) -> Vec<(&'static str, String)> {
    checks().filter_map(|check| Some((check.name, check.run(&*place()).err()?))).collect()
}

/// What a store did instead of what it must.
struct Broken(String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("an error: {error}"))
    }
}

/// Goes on when it holds.
macro_rules! ensure {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err($crate::store_suite::Broken(format!($($said)+)));
        }
    };
}

/// The checks of a module by the names of their functions.
macro_rules! named {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CHECKS: &[Check] = &[$(Check { name: stringify!($name), check: $name }),+];
    };
}

use {ensure, named};

const FLOW: &str = r#"{"title":"A flow","nodes":[{"id":"1","data":{"task_type":"scan"}}],"edges":[]}"#;

fn id(number: u8) -> RunId {
    RunId::from_bytes([number; 16])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// Run `number`, created in that second.
fn new_run(number: u8) -> NewRun {
    let spec = RunSpec::new(id(number), at(number.into()), Site::new("https://a.example"));
    NewRun::new(spec, FLOW).with_secrets(vec!["TOKEN".to_owned()])
}

fn logged(message: &str) -> Record {
    Record::Logged { node: NodeIx::new(0), message: message.into() }
}

fn ended(status: RunStatus) -> Record {
    Record::RunEnded { status, step: NodeIx::new(0) }
}

fn append(journal: &mut dyn Journal, second: i64, records: &[Record]) -> Result<(), StoreError> {
    futures::executor::block_on(journal.append(at(second), &mut records.to_vec()).done())?;
    journal.publish();
    Ok(())
}

/// Stores a run of these decisions and gives its journal, which keeps it held.
fn store_run(store: &dyn Store, number: u8, decisions: &[&[Record]]) -> Result<Box<dyn Journal>, StoreError> {
    let mut journal = store.create(new_run(number))?;
    for (second, records) in decisions.iter().enumerate() {
        append(&mut *journal, second as i64, records)?;
    }
    Ok(journal)
}

/// Number, second and text of each line.
fn told(lines: &[JournalLine]) -> Vec<(u64, i64, String)> {
    let text = |record| serde_json::to_string(record).unwrap_or_else(|error| error.to_string());
    lines.iter().map(|line| (line.seq, line.at.as_micros() / 1_000_000, text(&line.record))).collect()
}

/// The texts of the logged lines.
fn messages(lines: &[JournalLine]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| match &line.record {
            Record::Logged { message, .. } => Some(&**message),
            _ => None,
        })
        .collect()
}
