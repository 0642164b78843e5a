//! A task on its way: `{"run": …, "node": {"id": …, "task_type": …, "data": {…}}, "attempt": …, …}`.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Basis, NodeText, Resource, Task, TaskObject, Texts};
use crate::{Attempt, Call, NodeIx, RunId, Site};

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    run: RunId,
    node: WireNode<'a>,
    attempt: Attempt,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    possible_duplicate: bool,
    objects: Cow<'a, [TaskObject]>,
    resources: Cow<'a, [Resource]>,
    site: Cow<'a, Site>,
}

#[derive(Serialize, Deserialize)]
struct WireNode<'a> {
    id: Cow<'a, str>,
    task_type: Cow<'a, str>,
    data: Cow<'a, RawValue>,
}

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data: &RawValue = serde_json::from_str(self.data()).map_err(serde::ser::Error::custom)?;
        Wire {
            run: self.run(),
            node: WireNode { id: self.node(), task_type: self.task_type(), data: Cow::Borrowed(data) },
            attempt: self.attempt(),
            possible_duplicate: self.is_possible_duplicate(),
            objects: Cow::Borrowed(self.objects()),
            resources: Cow::Borrowed(self.resources()),
            site: Cow::Borrowed(self.site()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { run, node, attempt, possible_duplicate, objects, resources, site } =
            Wire::deserialize(deserializer)?;
        let text = NodeText::new(&node.id, &node.task_type, node.data.get());
        let texts = Texts::Node(text.map_err(serde::de::Error::custom)?);
        let mut basis = Basis::new(run, Arc::new(site.into_owned()), texts);
        basis.possible_duplicate = possible_duplicate;
        basis.objects = objects.into_owned();
        basis.resources = Some(resources.into_owned().into());
        Ok(Self::new(Arc::new(basis), Call::new(NodeIx::new(0), attempt)))
    }
}
