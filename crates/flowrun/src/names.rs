//! The names in the templates of a flow: what each of them can be filled in with is known before it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowrun_core::{
    NodeData, NodeIx, NodeProblem, ObjectKinds, Plan, TaskTypes, data_keys, nearest, secret_and_key_names,
};
use serde_json::Value;

use crate::contain;
use crate::executor::TaskExecutor;
use crate::executors::Executors;

/// What the templates of a plan name.
#[derive(Default)]
pub(crate) struct Names {
    /// Names that nobody knows: nothing could be put in for them.
    pub(crate) unknown: Vec<(NodeIx, NodeProblem)>,
    /// Names that may be known when it runs, and data keys that no object there can have.
    pub(crate) odd: Vec<(NodeIx, NodeProblem)>,
    /// Secrets without which a name would be unknown.
    pub(crate) secrets: BTreeSet<String>,
}

impl Executors {
    /// Looks at the names in the texts that executors say are templates.
    ///
    /// # Complexity
    ///
    /// Linear in the texts, the nodes and the edges.
    pub(crate) fn names_of(&self, plan: &Plan) -> Names {
        let mut names = Names::default();
        // A start reads the names once more, and is refused when their source panics.
        let Ok(given) = self.secret_names() else { return names };
        let given: BTreeSet<String> = given.into_iter().collect();
        // Both are looked for once, and only where a template asks.
        let (mut open, mut kinds) = (None, None);
        for node in (0..plan.node_count()).map(NodeIx::new) {
            let view = plan.node(node);
            let Some(executor) = self.executor_of(&view.task_type()) else { continue };
            // One that panics says nothing of its texts.
            let templates = || executor.templates().iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
            for key in contain::call(templates).unwrap_or_default() {
                for name in names_in(view.data(), &key) {
                    let place = Place { key: &key, name: &name };
                    if given.contains(&name) {
                        if !data_keys().any(|known| known == name) {
                            names.secrets.insert(name);
                        }
                    } else if data_keys().any(|known| known == name) {
                        let kinds = kinds.get_or_insert_with(|| plan.object_kinds()).handed(node);
                        names.odd.extend((!kinds.may_have(&name)).then(|| (node, place.foreign(kinds))));
                    } else if self.declares(&name) {
                        // Whether the object at hand has it, only a run can tell.
                    } else if open.get_or_insert_with(|| self.undeclared_at(plan))[node.index()] {
                        names.odd.push((node, place.undeclared()));
                    } else {
                        names.unknown.push((node, place.unknown(&given)));
                    }
                }
            }
        }
        names
    }

    /// Whether an own executor says that its objects carry this key.
    fn declares(&self, name: &str) -> bool {
        let has = |own: &Arc<dyn TaskExecutor>| own.data_keys().is_some_and(|keys| keys.contains(&name));
        self.iter().any(|own| contain::call(|| has(own)).unwrap_or_default())
    }

    /// The nodes at or below one of an own task type that does not declare the keys of its objects.
    fn undeclared_at(&self, plan: &Plan) -> Vec<bool> {
        let mut undeclared = vec![false; plan.node_count()];
        for node in plan.in_order() {
            let task_type = plan.node(node).task_type();
            let is_own = !task_type.is_empty() && TaskTypes::documented_role(&task_type).is_none();
            // What panics says nothing.
            let says_nothing =
                |own: &Arc<dyn TaskExecutor>| contain::call(|| own.data_keys().is_none()).unwrap_or(true);
            let is_silent = is_own && self.executor_of(&task_type).is_some_and(says_nothing);
            let is_below = plan.parents(node).iter().any(|parent| undeclared[parent.index()]);
            undeclared[node.index()] = is_silent || is_below;
        }
        undeclared
    }
}

/// A name in a template.
struct Place<'a> {
    key: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn pointer(&self) -> String {
        format!("/data/{}", self.key)
    }

    fn shown(&self) -> String {
        flowrun_core::shown(self.name)
    }

    fn unknown(&self, given: &BTreeSet<String>) -> NodeProblem {
        let name = self.shown();
        let message = format!("`{name}` in `{}` is neither a data key nor a secret that is given", self.key);
        let known = data_keys().map(|key| -> &str { key }).chain(given.iter().map(String::as_str));
        let help = match nearest(self.name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("give the secret `{name}`; `{{{{{{{{` in a text prints two braces"),
        };
        NodeProblem::error("template.unknown-name", self.pointer(), message).help(help)
    }

    fn undeclared(&self) -> NodeProblem {
        let message = format!(
            "`{}` in `{}` is known only if an object of the nodes above carries it",
            self.shown(),
            self.key
        );
        let help = "what it stays as typed for is told by the log of the node";
        NodeProblem::warning("template.undeclared-name", self.pointer(), message).help(help)
    }

    fn foreign(&self, kinds: ObjectKinds) -> NodeProblem {
        let objects = kinds.names().collect::<Vec<_>>().join(" or ");
        let message = format!("`{}` in `{}` stays as typed: no {objects} has it", self.shown(), self.key);
        NodeProblem::warning("template.foreign-key", self.pointer(), message)
            .help("`flowrun keys` lists the keys of each type of object")
    }
}

/// The names in the texts below a key of a node's data, each once. Names in what is given twice, or is no text, are
/// left to the executor's own check.
fn names_in(data: &str, key: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let value = NodeData::read(data).find(key).and_then(|raw| serde_json::from_str(raw).ok());
    let mut left: Vec<Value> = value.into_iter().collect();
    let mut note = |text: &str| names.extend(secret_and_key_names(text).map(str::to_owned));
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => note(&text),
            Value::Array(elements) => left.extend(elements),
            Value::Object(members) => members.into_iter().for_each(|(name, value)| {
                note(&name);
                left.push(value);
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    names
}
