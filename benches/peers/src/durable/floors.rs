//! What the disk gives beside a crate: in this process, right before and right after the crate's own.

use std::path::Path;

use benches::Case;
use benches::durable::floors::{group_commit, sync};
use benches::durable::rate;
use serde::Serialize;

/// Times that the disk is waited for in a round of a floor.
const COMMITS: usize = 40;

/// The bare file and the bare table, with as many records in a commit as there are runs.
pub struct Floors {
    sync: Case,
    group: Case,
    rates: Vec<Rates>,
}

/// What they give a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rates {
    /// Records appended to a file, each with an `fdatasync`.
    pub syncs: f64,
    /// Records inserted in an SQLite table, one of each run in a commit.
    pub records: f64,
}

impl Floors {
    pub fn new(folder: &Path, runs: usize) -> Self {
        Self {
            sync: sync(folder, COMMITS),
            group: group_commit(folder, runs, runs * COMMITS),
            rates: Vec::new(),
        }
    }

    /// Measures both once.
    pub fn round(&mut self) {
        self.rates.push(Rates { syncs: rate(&mut self.sync), records: rate(&mut self.group) });
    }

    /// The mean of the rounds.
    pub fn rates(&self) -> Rates {
        let mean = |of: fn(&Rates) -> f64| self.rates.iter().map(of).sum::<f64>() / self.rates.len() as f64;
        Rates { syncs: mean(|rates| rates.syncs), records: mean(|rates| rates.records) }
    }
}
