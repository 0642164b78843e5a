//! Reads what the command line names: flow files, `-`, and the settings file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::finding::Finding;

/// The name of standard input on the command line.
const STDIN: &str = "-";

/// The largest flow that is read, in bytes: 500,000 nodes as a canvas saves them. A file is read up to here and no
/// further, whatever its size.
pub(crate) const FLOW_BYTES: usize = 512 << 20;

/// The largest settings file or script, in bytes: people write them.
pub(crate) const SMALL_BYTES: usize = 1 << 20;

/// A text from outside, with the name it is shown by.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A text could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// There is no such file.
    #[error("could not find `{name}`")]
    NotFound {
        /// The path as given.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is there, and cannot be read.
    #[error("could not read `{name}`")]
    Unreadable {
        /// The path as given, or `<stdin>`.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is too long to be read.
    #[error("`{name}` has more than {limit} bytes")]
    TooLarge {
        /// The path as given, or `<stdin>`.
        name: String,
        /// What is read at most.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("`{name}` is not UTF-8: the byte at offset {offset} starts no character")]
    NotUtf8 {
        /// The path as given, or `<stdin>`.
        name: String,
        /// The first byte that is wrong.
        offset: usize,
    },
}

impl Input {
    /// Reads a file, or standard input for `-`, of at most `limit` bytes.
    pub(crate) fn read(path: &Path, limit: usize) -> Result<Self, InputError> {
        let (name, bytes) = if path.as_os_str() == STDIN {
            ("<stdin>".to_owned(), bounded(io::stdin().lock(), limit))
        } else {
            (path.display().to_string(), File::open(path).and_then(|file| bounded(file, limit)))
        };
        let bytes = match bytes {
            Ok(bytes) if bytes.len() > limit => return Err(InputError::TooLarge { name, limit }),
            Ok(bytes) => bytes,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(InputError::NotFound { name, source });
            }
            Err(source) => return Err(InputError::Unreadable { name, source }),
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                Err(InputError::NotUtf8 { name, offset })
            }
        }
    }
}

impl InputError {
    /// The same as a finding about the flow, for what is refused rather than not found.
    pub(crate) fn finding(&self) -> Finding {
        let code = match self {
            Self::NotFound { .. } => "input.not-found",
            Self::Unreadable { .. } => "input.unreadable",
            Self::TooLarge { .. } => "flow.too-large",
            Self::NotUtf8 { .. } => "input.not-utf8",
        };
        let source = std::error::Error::source(self).map_or(String::new(), |source| format!(": {source}"));
        Finding::error(code, format!("{self}{source}"))
    }
}

/// Reads to the end, but not for ever: one byte beyond the limit is enough to know.
fn bounded(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
