//! What is known of an object: the attributes that conditions and templates read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The attributes of one object, as its executor reported them: a JSON object whose `type` names the kind.
///
/// The built-in kinds are `scan`, `test`, `caserun`, `report`, `issue` and `flowrun`; the paths that the data
/// keys read in them are those of section 1.13 of the specification. An own kind may carry any keys: a
/// condition or template that names one reads the member of that name.
///
/// ```
/// use flowrun_core::Facts;
///
/// let facts = Facts::new(serde_json::json!({"type": "scan", "score": 91.5}));
/// assert_eq!(facts.kind(), "scan");
/// assert_eq!(facts.get("score"), Some(&serde_json::json!(91.5)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(Arc<Value>);

impl Facts {
    /// Facts from a JSON object. Anything else knows no attributes.
    #[must_use]
    pub fn new(attributes: Value) -> Self {
        Self(Arc::new(attributes))
    }

    /// The kind of object: the member `type`, empty when there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The attribute `name`; `None` when it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All attributes.
    #[must_use]
    pub fn attributes(&self) -> &Value {
        &self.0
    }
}
