//! One case, read from its file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flowrun_core::{NodeStatus, ReadError, RunStatus};
use serde::{Deserialize, Serialize};

use crate::script::{Script, ScriptError};

/// A flow, a script, and how the run is expected to end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// Its name.
    pub name: String,
    /// File with the flow.
    pub flow: PathBuf,
    /// What the executors do.
    pub script: Script,
    /// How it is to end.
    pub expect: Expect,
}

/// How a run is expected to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Expect {
    /// The status of the run.
    pub status: RunStatus,
    /// The status of nodes, by id; of those that are not named any will do.
    #[serde(default)]
    pub nodes: BTreeMap<String, NodeStatus>,
}

/// A suite cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file or the folder cannot be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A case or a script is not well-formed.
    #[error("could not read `{}`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ScriptError,
    },
    /// A case has a script, and names the file of one.
    #[error("`{}` has both `script` and `script_file`; give one of them", path.display())]
    TwoScripts {
        /// The file.
        path: PathBuf,
    },
    /// A flow cannot be read.
    #[error("could not read the flow `{}`", path.display())]
    Flow {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ReadError,
    },
    /// There is no case in the folder.
    #[error("`{}` holds no case; a case is a file named `….case.toml` or `….case.json`", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// The file of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    flow: PathBuf,
    #[serde(default)]
    script: Option<Script>,
    #[serde(default)]
    script_file: Option<PathBuf>,
    expect: Expect,
}

impl Case {
    /// The name of a case's file without its endings; `None` for other files.
    #[must_use]
    pub fn name_of(path: &Path) -> Option<&str> {
        let name = path.file_name()?.to_str()?;
        name.strip_suffix(".case.toml").or_else(|| name.strip_suffix(".case.json"))
    }

    /// Reads the case at `path`.
    ///
    /// # Errors
    ///
    /// [`CaseError`] when the file, or the script that it names, cannot be read, or it has two scripts.
    pub fn read(path: &Path) -> Result<Self, CaseError> {
        let text = text_of(path)?;
        let malformed = |path: &Path, source| CaseError::Malformed { path: path.to_owned(), source };
        let file: CaseFile = crate::script::parse(&text).map_err(|source| malformed(path, source))?;
        let beside = |name: &Path| path.parent().unwrap_or(Path::new("")).join(name);
        let script = match (file.script, file.script_file.as_deref().map(beside)) {
            (Some(_), Some(_)) => return Err(CaseError::TwoScripts { path: path.to_owned() }),
            (Some(script), None) => script,
            (None, Some(path)) => {
                Script::parse(&text_of(&path)?).map_err(|source| malformed(&path, source))?
            }
            (None, None) => Script::default(),
        };
        let name = Self::name_of(path).unwrap_or_default().to_owned();
        Ok(Self { name, flow: beside(&file.flow), script, expect: file.expect })
    }
}

pub(super) fn text_of(path: &Path) -> Result<String, CaseError> {
    fs::read_to_string(path).map_err(|source| CaseError::Read { path: path.to_owned(), source })
}
