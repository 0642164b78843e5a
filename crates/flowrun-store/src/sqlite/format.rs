//! What a stored run is in bytes: format 1.
//!
//! Everything a reader is told is covered by a hash, so that a flipped bit becomes an error and never a wrong
//! answer. The hashes of one run form a chain: it begins with what the run is made of, and each decision
//! continues the one before.

use std::sync::Arc;

use flowrun_core::{Record, RunId, RunSpec, RunStatus, Timestamp};

use crate::{JournalLine, NewRun, RunSummary};

/// The number of this format. It stands in every row that is written.
pub(crate) const FORMAT: i64 = 1;

/// A link of a run's chain.
pub(crate) type Chain = [u8; 32];

/// What a row outside the chains is checked by: half a hash, as it must only find accidents.
pub(crate) type Sum = [u8; 16];

/// What is stored is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl From<&str> for Unreadable {
    fn from(what: &str) -> Self {
        Self(what.to_owned())
    }
}

/// Which store this is, and how often it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: [u8; 16],
    pub(crate) epoch: i64,
}

impl Identity {
    /// A sum over the row it is stored in.
    pub(crate) fn sum(&self) -> Sum {
        short(blake3::Hasher::new().update(&self.id).update(&self.epoch.to_le_bytes()))
    }
}

/// A sum over the row of a deleted run.
pub(crate) fn deleted_sum(run: RunId) -> Sum {
    short(blake3::Hasher::new().update(run.as_bytes()))
}

/// What a run is made of, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) id: RunId,
    pub(crate) flow_hash: [u8; 32],
    /// A [`RunSpec`] as JSON.
    pub(crate) spec: String,
    /// An array of names as JSON.
    pub(crate) secrets: String,
    /// The title and the site stand in the spec and the flow; here they are for lists.
    pub(crate) title: Option<String>,
    pub(crate) site: String,
    pub(crate) created: i64,
}

impl Description {
    pub(crate) fn of(run: &NewRun) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: run.spec.id,
            flow_hash: flow_hash(&run.flow),
            spec: serde_json::to_string(&run.spec)?,
            secrets: serde_json::to_string(&run.secrets)?,
            title: run.title().map(str::to_owned),
            site: run.spec.site.site_url().to_owned(),
            created: run.spec.created.as_micros(),
        })
    }

    /// The beginning of the chain. The lengths keep two neighbours from sharing their bytes.
    pub(crate) fn chain(&self) -> Chain {
        let mut hasher = blake3::Hasher::new();
        let title = self.title.as_deref();
        for part in [
            self.id.as_bytes().as_slice(),
            &self.flow_hash,
            self.spec.as_bytes(),
            self.secrets.as_bytes(),
            &[u8::from(title.is_some())],
            title.unwrap_or_default().as_bytes(),
            self.site.as_bytes(),
            &self.created.to_le_bytes(),
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        hasher.finalize().into()
    }

    /// The run, with the flow of that hash.
    pub(crate) fn read(&self, flow: Arc<str>) -> Result<NewRun, Unreadable> {
        let spec: RunSpec = from_json(&self.spec, "its spec")?;
        if spec.id != self.id {
            return Err("its spec is that of another run".into());
        }
        let secrets: Vec<String> = from_json(&self.secrets, "the names of its secrets")?;
        Ok(NewRun::new(spec, flow).with_secrets(secrets))
    }
}

pub(crate) fn flow_hash(flow: &str) -> [u8; 32] {
    blake3::hash(flow.as_bytes()).into()
}

/// Records in a row. A decision of more is several rows: whoever reads a journal by pages reads whole rows, and one
/// that starts a hundred thousand nodes would be read again for each page of them.
const RECORDS_A_ROW: usize = 256;

/// Some or all records of one decision, as they are stored: a row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The number of the first record.
    pub(crate) seq: u64,
    pub(crate) at: i64,
    /// The records as a JSON array.
    pub(crate) records: String,
    pub(crate) chain: Chain,
}

/// The rows of one decision, which follow the state `after` until it is that after all of them.
pub(crate) fn rows(
    after: &mut State,
    at: Timestamp,
    records: &[Record],
) -> Result<Vec<Row>, serde_json::Error> {
    let row = |part: &[Record]| {
        let row = Row::new(&after.chain, after.seq + 1, at, part)?;
        after.advance(&row, part.iter());
        Ok(row)
    };
    records.chunks(records_a_row()).map(row).collect()
}

#[cfg(not(test))]
const fn records_a_row() -> usize {
    RECORDS_A_ROW
}

#[cfg(test)]
thread_local! {
    /// What a test writes with in its thread.
    pub(crate) static RECORDS_OF_TEST: std::cell::Cell<usize> = const { std::cell::Cell::new(RECORDS_A_ROW) };
}

#[cfg(test)]
fn records_a_row() -> usize {
    RECORDS_OF_TEST.get()
}

impl Row {
    /// The row that follows the one with the hash `before`.
    pub(crate) fn new(
        before: &Chain,
        seq: u64,
        at: Timestamp,
        records: &[Record],
    ) -> Result<Self, serde_json::Error> {
        let (at, records) = (at.as_micros(), serde_json::to_string(records)?);
        Ok(Self { seq, at, chain: link(before, seq, at, &records), records })
    }

    /// The lines of the row, which must be number `seq` and follow the row with the hash `before`.
    pub(crate) fn read(&self, before: &Chain, seq: u64) -> Result<Vec<JournalLine>, Unreadable> {
        if self.seq != seq {
            return Err(Unreadable(format!("line {seq} is missing, line {} follows", self.seq)));
        }
        if self.chain != link(before, self.seq, self.at, &self.records) {
            return Err(Unreadable(format!("line {seq} is not what was written")));
        }
        let records: Vec<Record> = from_json(&self.records, &format!("line {seq}"))?;
        let at = Timestamp::from_micros(self.at);
        Ok((seq..).zip(records).map(|(seq, record)| JournalLine { seq, at, record }).collect())
    }
}

fn link(before: &Chain, seq: u64, at: i64, records: &str) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&seq.to_le_bytes()).update(&at.to_le_bytes()).update(records.as_bytes());
    hasher.finalize().into()
}

/// How a run stands: what its journal says, kept beside it so that lists need not read journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) status: RunStatus,
    pub(crate) updated: i64,
    /// The number of the last line.
    pub(crate) seq: u64,
    /// The hash of the last row.
    pub(crate) chain: Chain,
}

impl State {
    /// A run without a line.
    pub(crate) const fn new(chain: Chain) -> Self {
        Self { status: RunStatus::Working, updated: 0, seq: 0, chain }
    }

    /// The state after one more row, which holds these records.
    pub(crate) fn advance<'a>(
        &mut self,
        row: &Row,
        records: impl ExactSizeIterator<Item = &'a Record> + DoubleEndedIterator,
    ) {
        self.seq += records.len() as u64;
        self.status = records.rev().find_map(Record::run_status).unwrap_or(self.status);
        self.updated = row.at;
        self.chain = row.chain;
    }

    /// A sum over the row it is stored in.
    pub(crate) fn sum(&self, run: i64) -> Sum {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&run.to_le_bytes()).update(status_name(self.status).as_bytes());
        hasher.update(&self.updated.to_le_bytes()).update(&self.seq.to_le_bytes()).update(&self.chain);
        short(&hasher)
    }

    pub(crate) fn summary(&self, run: Description) -> RunSummary {
        RunSummary {
            id: run.id,
            title: run.title,
            site: run.site,
            created: Timestamp::from_micros(run.created),
            updated: Timestamp::from_micros(self.updated),
            status: self.status,
            seq: self.seq,
        }
    }
}

pub(crate) const fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Working => "working",
        RunStatus::Passed => "passed",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
    }
}

pub(crate) fn status_named(name: &str) -> Result<RunStatus, Unreadable> {
    [RunStatus::Working, RunStatus::Passed, RunStatus::Failed, RunStatus::Cancelled]
        .into_iter()
        .find(|status| status_name(*status) == name)
        .ok_or_else(|| "its status is none".into())
}

fn short(hasher: &blake3::Hasher) -> Sum {
    let mut sum = Sum::default();
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    sum
}

fn from_json<T: serde::de::DeserializeOwned>(json: &str, what: &str) -> Result<T, Unreadable> {
    serde_json::from_str(json).map_err(|error| Unreadable(format!("{what} cannot be read: {error}")))
}
