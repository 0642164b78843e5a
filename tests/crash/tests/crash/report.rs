//! What came of all the kills, as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::invariants::Violations;

/// What came of the cases of one place, such as `random` or `C4`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Processes that were killed.
    pub(crate) kills: u32,
    /// How many runs ended how, by their status; `gone` where there is none.
    pub(crate) ends: BTreeMap<String, u32>,
    /// What was not as it has to be.
    pub(crate) violations: Violations,
}

/// The rows of one report, by the name of their place.
#[derive(Debug, Default)]
pub(crate) struct Report(BTreeMap<String, Row>);

/// How a case came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) kills: u32,
    pub(crate) end: String,
    pub(crate) violations: Violations,
}

impl Report {
    pub(crate) fn add(&mut self, place: &str, outcome: Outcome) {
        let row = self.0.entry(place.to_owned()).or_default();
        row.kills += outcome.kills;
        *row.ends.entry(outcome.end).or_default() += 1;
        row.violations.extend(outcome.violations);
    }

    pub(crate) fn kills(&self) -> u32 {
        self.0.values().map(|row| row.kills).sum()
    }

    pub(crate) fn kills_at(&self, place: &str) -> u32 {
        self.0.get(place).map_or(0, |row| row.kills)
    }

    pub(crate) fn ended(&self, status: &str) -> u32 {
        self.0.values().filter_map(|row| row.ends.get(status)).sum()
    }

    pub(crate) fn violations(&self) -> Violations {
        self.0.values().flat_map(|row| row.violations.iter().cloned()).collect()
    }

    /// The table, in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table = "| killed at | kills | passed | failed | cancelled | gone | violations |\n\
                         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
        for (place, row) in &self.0 {
            let of = |status| row.ends.get(status).copied().unwrap_or_default();
            let _ = writeln!(
                table,
                "| {place} | {} | {} | {} | {} | {} | {} |",
                row.kills,
                of("passed"),
                of("failed"),
                of("cancelled"),
                of("gone"),
                row.violations.len()
            );
        }
        table
    }

    /// Writes the table to a file of this name below the folder for temporary files of tests, and says where.
    pub(crate) fn write(&self, name: &str) -> PathBuf {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, self.table()).expect("the build folder can be written to");
        path
    }
}
