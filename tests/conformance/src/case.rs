//! The recorded cases: their files and their shape.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The folders that a directory of cases may have, each for one kind of case.
const FOLDERS: [&str; 3] = ["runs", "conditions", "templates"];

/// One recorded case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called, what it expects.
    pub head: Head,
    /// What it is about.
    pub subject: Subject,
}

/// What cases of all kinds have.
#[derive(Clone, Debug, Deserialize)]
pub struct Head {
    /// What the case is called.
    pub name: String,
    /// What plainly goes wrong in the recording; only shown to people.
    #[serde(default)]
    pub reference_defect: Option<String>,
    /// `"design"` when the expectation is no recording: then it is compared as it is.
    #[serde(default)]
    pub expected_by: Option<String>,
    /// What is expected, besides parts that are not compared; see [`Case::expected`].
    pub expected: Value,
}

/// What a case is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A run with its tasks scripted.
    Run(Box<RunCase>),
    /// Conditions judged for one object.
    Conditions(ConditionsCase),
    /// A text with keys to fill in.
    Template(TemplateCase),
}

/// A run: what it is created from, and what its tasks send.
#[derive(Clone, Debug, Deserialize)]
pub struct RunCase {
    /// The flow as it was stored.
    pub flow: Value,
    /// The site with its pages.
    pub site: Value,
    /// The configs given for the run.
    #[serde(default)]
    pub configs: Option<Value>,
    /// The configs that hold when none are given.
    #[serde(default)]
    pub account_configs: Option<Value>,
    /// What the tasks send.
    pub script: Script,
}

/// What the tasks of a run send, and what can be known of their objects.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Script {
    /// The stored objects by id.
    #[serde(default)]
    pub domain: BTreeMap<String, Value>,
    /// The updates of each node's task, in their order.
    #[serde(default)]
    pub nodes: BTreeMap<String, Vec<Update>>,
    /// Whose next update comes when: ids of nodes, or `run`.
    #[serde(default)]
    pub order: Vec<String>,
}

/// One update that a task sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Update {
    /// A line for the log.
    #[serde(default)]
    pub message: Option<String>,
    /// The status it states for its node.
    #[serde(default)]
    pub node_status: Option<String>,
    /// Entries that are new or have changed.
    #[serde(default)]
    pub objects: Option<Vec<Map<String, Value>>>,
    /// Stored objects that are complete from here on.
    #[serde(default)]
    pub completes: Vec<String>,
    /// The place of the node, if it is not the sender's: a number or its text.
    #[serde(default)]
    pub node_index: Option<Value>,
}

/// Conditions and the object they are judged for.
#[derive(Clone, Debug, Deserialize)]
pub struct ConditionsCase {
    /// The attributes of the object.
    pub object: Value,
    /// The array of expressions.
    pub expressions: Value,
}

/// A text with keys, and what they stand for.
#[derive(Clone, Debug, Deserialize)]
pub struct TemplateCase {
    /// The text; null when there is none.
    pub text: Option<String>,
    /// The attributes of the object; null when there is none.
    pub object: Value,
    /// Names and values, in the order in which the original applies them.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}

/// A secret of a [`TemplateCase`].
#[derive(Clone, Debug, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A case that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file or directory could not be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no case.
    #[error("`{}` is no case", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// There is nothing to replay.
    #[error("there are no cases in `{}`", .0.display())]
    Empty(PathBuf),
}

impl Case {
    /// Reads a case from its text. A flow makes it a run, expressions make it conditions; else it is a
    /// template.
    ///
    /// # Errors
    ///
    /// When the text is no case.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let head = serde_json::from_str(text)?;
        let has: Value = serde_json::from_str(text)?;
        let subject = if has.get("flow").is_some() {
            Subject::Run(serde_json::from_str(text)?)
        } else if has.get("expressions").is_some() {
            Subject::Conditions(serde_json::from_str(text)?)
        } else {
            Subject::Template(serde_json::from_str(text)?)
        };
        Ok(Self { head, subject })
    }

    /// Whether the expectation is what the design says, to be compared as it is.
    #[must_use]
    pub fn is_by_design(&self) -> bool {
        self.head.expected_by.as_deref() == Some("design")
    }

    /// The parts of the expectation that are compared: of a run that is refused, the outcome alone; of an
    /// error of the original, that there is one.
    #[must_use]
    pub fn expected(&self) -> Value {
        let keys: &[&str] = match self.subject {
            Subject::Run(_) => &["outcome", "time_completed_set", "dispatch_order", "final"],
            Subject::Conditions(_) => &["result"],
            Subject::Template(_) => &["output"],
        };
        let recorded = &self.head.expected;
        if recorded.get("error").is_some() {
            return error();
        }
        if recorded.get("outcome") == Some(&"refused".into()) {
            return refused();
        }
        let part = |key: &&str| Some(((*key).to_owned(), recorded.get(*key)?.clone()));
        Value::Object(keys.iter().filter_map(part).collect())
    }

    /// The cases of a directory, in the order of their paths: those of its folders `runs`, `conditions` and
    /// `templates`, as far as they are there, and those directly in it.
    ///
    /// # Errors
    ///
    /// When the directory or one of the files cannot be read, a file is no case, or there is none.
    pub fn read_dir(dir: &Path) -> Result<Vec<Self>, CaseError> {
        let mut files = json_files(dir)?;
        for folder in FOLDERS.map(|folder| dir.join(folder)) {
            if folder.is_dir() {
                files.extend(json_files(&folder)?);
            }
        }
        let cases: Vec<Self> = files.into_iter().map(|path| read(&path)).collect::<Result<_, _>>()?;
        if cases.is_empty() { Err(CaseError::Empty(dir.to_owned())) } else { Ok(cases) }
    }
}

impl RunCase {
    /// The configs the run is created with.
    #[must_use]
    pub fn run_configs(&self) -> Option<&Value> {
        let given = |configs: &'_ Option<Value>| configs.as_ref().is_some_and(|value| !value.is_null());
        [&self.configs, &self.account_configs].into_iter().find(|configs| given(configs))?.as_ref()
    }

    /// What is stored of the object that an entry stands for: the one listed under its `id`, else under its
    /// `source_id`.
    #[must_use]
    pub fn stored(&self, entry: &Map<String, Value>) -> Option<Value> {
        ["id", "source_id"].iter().find_map(|key| {
            let id = id_text(entry.get(*key)?)?;
            let mut attributes = self.script.domain.get(&id)?.as_object()?.clone();
            attributes.entry("id").or_insert_with(|| id.into());
            Some(Value::Object(attributes))
        })
    }
}

/// The expectation of conditions or a text that could not be made.
pub(crate) fn error() -> Value {
    json!({"error": true})
}

/// The expectation of a flow that is not run.
pub(crate) fn refused() -> Value {
    json!({"outcome": "refused"})
}

/// An id as text; numbers are ids too.
pub(crate) fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn json_files(dir: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let failed = |source| CaseError::Read { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Case, CaseError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CaseError::Read { path: path.to_owned(), source })?;
    Case::from_json(&text).map_err(|source| CaseError::Format { path: path.to_owned(), source })
}
