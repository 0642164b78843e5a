//! What becomes of tasks that a script says nothing of.

use std::collections::BTreeSet;

use serde_json::Value;

/// The tasks that are to stay at work when the script is exhausted: those that the recording, too, started
/// and left working. Others were started where the recording shows no start, or at another time, so the
/// script cannot know what they send; they are answered with all their objects passed, in the order in which
/// they were started.
pub(crate) struct Silence(BTreeSet<String>);

impl Silence {
    pub(crate) fn of(recorded: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let id = |value: &Value, key: &str| value[key].as_str().map(str::to_owned);
        let started: BTreeSet<_> =
            list(&recorded["dispatch_order"]).iter().filter_map(|dispatch| id(dispatch, "node")).collect();
        let nodes = list(&recorded["final"]["nodes"]);
        let working = nodes.iter().filter(|node| node["status"] == "working");
        Self(working.filter_map(|node| id(node, "id")).filter(|id| started.contains(id)).collect())
    }

    pub(crate) fn is_kept(&self, node: &str) -> bool {
        self.0.contains(node)
    }
}
