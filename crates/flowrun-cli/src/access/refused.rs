//! Why something could not be done, as it passes over the socket, and why nobody could be asked.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::exit::Exit;

/// An error in the words of whoever had it.
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Told {
    /// What is wrong, with its causes.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
    pub(crate) exit: Exit,
}

/// The process that holds a store could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeldError {
    /// Something is there under the name of the socket that is none.
    #[error("`{}` is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// Somebody else made the socket, or answers there.
    #[error("`{}` belongs to another user", .0.display())]
    Foreign(PathBuf),
    /// Nobody says a word there.
    #[error("the process that holds the store `{}` does not answer", .0.display())]
    Silent(PathBuf),
    /// It speaks, and not as this program does.
    #[error("what answers at `{}` is not flowrun", .0.display())]
    Garbled(PathBuf),
    /// Its version is another one.
    #[error(
        "process {pid} holds the store `{}` and is flowrun {version}, which answers in another way than this program",
        path.display()
    )]
    Version {
        /// The store.
        path: PathBuf,
        /// The process.
        pid: u32,
        /// The version of its program.
        version: String,
    },
    /// It was cut off.
    #[error("the process that held the store `{}` ended before it had answered", .0.display())]
    Ended(PathBuf),
    /// Whoever asked has gone away.
    #[error("nobody reads the answer any more")]
    Unread,
    /// Nothing drives runs where it was asked for.
    #[error("nobody drives the runs of the store `{}`", .0.display())]
    Undriven(PathBuf),
    /// The system refuses.
    #[error("could not ask the process that holds the store `{}`", path.display())]
    Io {
        /// The store.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
}

impl HeldError {
    /// What to do about it.
    pub(crate) const fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotASocket(_) => Some("remove it, and start the process that holds the store anew"),
            Self::Foreign(_) => Some("ask as the user whose process holds the store"),
            Self::Silent(_) => Some("it may be stopped or overloaded: see to it, or end it"),
            Self::Version { .. } => Some("use the program of that version"),
            Self::Ended(_) => Some("ask again: what it had begun may be done"),
            Self::Garbled(_) | Self::Unread | Self::Undriven(_) | Self::Io { .. } => None,
        }
    }
}
