//! The store that a command names, and the run in it that a person means.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowrun::{RunFilter, Store as _};
use flowrun_artefacts::Artefacts;
use flowrun_store::{OpenError, SqliteOptions, SqliteStore};

use crate::commands::CommandError;

/// A store that this process holds, with the name that people know it by.
#[derive(Debug)]
pub(crate) struct StoreFile {
    pub(crate) path: PathBuf,
    pub(crate) store: Arc<SqliteStore>,
}

impl StoreFile {
    /// Opens the store for a new run; makes one where there is no file.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { path: path.to_owned(), store: options(path).open()?.into() })
    }

    /// Opens a store that has to be there.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let store = options(path).create(false).open()?;
        Ok(Self { path: path.to_owned(), store: store.into() })
    }
}

impl StoreFile {
    /// What scans of its runs brought home, without that of runs that are gone. The store is held, so nobody else has the
    /// folder.
    pub(crate) fn artefacts(&self) -> Result<Artefacts, CommandError> {
        let artefacts = Artefacts::open(flowrun_artefacts::beside(self.store.path()), Artefacts::LIMIT)?;
        let runs = self.store.runs(&RunFilter::default())?;
        let runs: BTreeSet<String> = runs.iter().map(|run| run.id.to_string()).collect();
        artefacts.retain_runs(|run| runs.contains(run))?;
        Ok(artefacts)
    }
}

/// Runs may be those of a server's accounts: what becomes of them is kept right there, too.
fn options(path: &Path) -> SqliteOptions {
    SqliteOptions::new(path).host_tables(flowrun_server::tables().optional())
}

/// No run, or no single one, is meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    /// No run has such an id.
    #[error("there is no run `{text}` in `{}`", path.display())]
    Unknown {
        /// What was typed.
        text: String,
        /// The store.
        path: PathBuf,
    },
    /// Several runs have ids that begin like this.
    #[error("`{text}` is the beginning of {count} runs: {like}")]
    Ambiguous {
        /// What was typed.
        text: String,
        /// How many runs it means.
        count: usize,
        /// Some of them.
        like: String,
    },
}
