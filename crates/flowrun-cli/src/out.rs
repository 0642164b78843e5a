//! A file that takes a result.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// The file that takes the result. It is made before the work, so that a long run is not lost to a wrong path.
#[derive(Debug)]
pub(crate) struct Out {
    name: String,
    file: File,
}

/// The file could not be made or written.
#[derive(Debug, thiserror::Error)]
#[error("could not write `{name}`")]
pub(crate) struct OutError {
    /// The path as given.
    name: String,
    /// What the system says.
    source: io::Error,
}

impl Out {
    pub(crate) fn create(path: &Path) -> Result<Self, OutError> {
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(Self { name, file }),
            Err(source) => Err(OutError { name, source }),
        }
    }

    /// Writes the text, ending with a line break.
    pub(crate) fn keep(mut self, text: &str) -> Result<(), OutError> {
        let text = text.trim_end_matches('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|source| OutError { name: self.name, source })
    }
}
