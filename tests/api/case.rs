//! A recorded case: steps with what the original answered.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A recorded scenario.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What the server must have for it.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// Steps of which only the status counts.
    #[serde(default)]
    pub(crate) setup: Vec<Step>,
    pub(crate) steps: Vec<Step>,
}

/// One exchange, or the same one several times.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    /// Who asks.
    #[serde(rename = "as")]
    pub(crate) who: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) query: Value,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Sent as JSON.
    #[serde(default, deserialize_with = "some")]
    pub(crate) body: Option<Value>,
    /// Sent as it is.
    pub(crate) text: Option<String>,
    pub(crate) times: Option<u64>,
    /// Names for parts of the answer.
    #[serde(default)]
    pub(crate) capture: BTreeMap<String, String>,
    pub(crate) expect: Expect,
}

/// What the original answered, as far as it matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Expect {
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "some")]
    pub(crate) body: Option<Value>,
    /// The order of the keys at a path.
    #[serde(default)]
    pub(crate) key_order: BTreeMap<String, Vec<String>>,
}

/// A member that is there, be it null.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Every recorded case, in the order of their names.
pub(crate) fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/api");
    let mut cases: Vec<Case> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}
