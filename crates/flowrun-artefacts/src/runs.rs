//! Which run names which contents, and whose it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Artefact, Kind};

/// What one run names.
#[derive(Debug, Default)]
pub(crate) struct RunRefs {
    pub(crate) owner: String,
    /// By hash.
    pub(crate) named: BTreeMap<String, Artefact>,
}

impl RunRefs {
    /// The first line of a run's file.
    pub(crate) fn head(owner: &str) -> String {
        // As JSON, so that no name breaks the line.
        format!("owner {}\n", serde_json::Value::from(owner))
    }

    /// The line for one artefact.
    pub(crate) fn line(artefact: &Artefact) -> String {
        let Artefact { hash, kind, bytes } = artefact;
        let mut line = String::new();
        writeln!(line, "{hash} {} {bytes}", kind.name()).expect("a String takes whatever is written to it");
        line
    }

    /// Reads a run's file. A last line that is not whole was never answered for, and is left out.
    pub(crate) fn read(text: &str) -> Self {
        let mut refs = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            if let Some(owner) = line.strip_prefix("owner ") {
                refs.owner = serde_json::from_str(owner).unwrap_or_default();
            } else if let Some(artefact) = read_line(line) {
                refs.named.insert(artefact.hash.clone(), artefact);
            }
        }
        refs
    }
}

fn read_line(line: &str) -> Option<Artefact> {
    let mut words = line.split(' ');
    let (hash, kind, bytes) = (words.next()?, words.next()?, words.next()?);
    Some(Artefact { hash: hash.to_owned(), kind: Kind::of_name(kind)?, bytes: bytes.parse().ok()? })
}
