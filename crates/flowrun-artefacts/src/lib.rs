//! What scans bring home: pictures and documents, by content, and what each page looked like last.
//!
//! The three types that matter: [`Artefacts`], the folder; [`Artefact`], what a run's facts say of something kept in it;
//! [`PageMemory`], what the next scan of a page is compared with.
//!
//! ```
//! use flowrun_artefacts::{Artefacts, Kind};
//!
//! # fn main() -> Result<(), flowrun_artefacts::ArtefactError> {
//! let artefacts = Artefacts::temporary(1 << 30)?;
//! let kept = artefacts.put("some-run", Kind::Png, b"a picture")?;
//! assert_eq!(artefacts.get("some-run", &kept.hash)?.unwrap().1, b"a picture");
//! artefacts.remove_run("some-run")?;
//! assert!(artefacts.get("some-run", &kept.hash)?.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # The folder
//!
//! | Place | Holds |
//! | --- | --- |
//! | `objects/HASH` | a content, under its BLAKE3 hash; written once, never changed |
//! | `runs/RUN` | whose the run is, then a line for each content it names: hash, kind, bytes |
//! | `pages/KEY` | what a page looked like, as JSON; names contents too |
//!
//! A content is on the disk before a line names it, so there is no reference without a file, whenever the process ends.
//! What nothing names was left behind in between, and goes when the folder is opened next. One process has the folder at a
//! time: the lock of the store beside it sees to that.
//!
//! Files are opened without following symbolic links, and what is read has to have its hash: neither a link that somebody
//! planted nor a damaged file is ever handed out. This crate knows neither flows nor browsers.

#![forbid(unsafe_code)]

mod artefacts;
mod error;
mod folder;
mod pages;
mod runs;

pub use artefacts::{Artefact, Artefacts, Kind, beside};
pub use error::ArtefactError;
pub use pages::{PageKey, PageMemory, Shot};
