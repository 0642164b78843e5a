//! Why nodes of a run were skipped: on the wire they stay `queued`, people are told.

use std::collections::BTreeMap;

use flowrun::{Plan, Skipped};
use serde::{Deserialize, Serialize};

use super::plain_line;

/// The nodes that were skipped, by id, each with what decided it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Reasons(BTreeMap<String, String>);

impl Reasons {
    pub(crate) fn of(skipped: &Skipped, plan: &Plan) -> Self {
        let reason = |node| Some((plan.node_id(node).into_owned(), plain_line(&skipped.why(plan, node)?)));
        Self(skipped.nodes().filter_map(reason).collect())
    }

    /// What decided that the node of this id was skipped.
    pub(crate) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Reasons {
    fn from(reasons: [(&str, &str); N]) -> Self {
        Self(reasons.map(|(id, why)| (id.to_owned(), why.to_owned())).into())
    }
}
