//! What can go wrong with artefacts.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An artefact could not be kept or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArtefactError {
    /// A file or folder cannot be used: the disk is full, a folder is a link, rights are missing.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The account has no room left.
    #[error(
        "artefacts of `{owner}` would take {wanted} bytes, and {limit} are allowed; deleting runs makes room"
    )]
    Full {
        /// Whose artefacts they are.
        owner: String,
        /// What all of them together would take.
        wanted: u64,
        /// What they may take.
        limit: u64,
    },
    /// A content is not what its name says.
    #[error("artefact `{hash}` is damaged")]
    Damaged {
        /// Its hash.
        hash: String,
    },
    /// A run is called what no run is called.
    #[error("`{0}` cannot be the id of a run")]
    RunId(String),
    /// What is remembered of a page cannot be read.
    #[error("what is known of page `{page}` cannot be read; `flowrun baseline reset` begins anew")]
    Memory {
        /// The address of the page.
        page: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl ArtefactError {
    /// Whether it may be otherwise next time: the disk was full, or something else of the system.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}
