//! What a node is handed when it starts: entries and resources of the nodes above.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{Run, State};
use crate::model::{Attempt, Call, Facts, NodeIx, ObjectEntry, ObjectStatus};
use crate::plan::Role;
use crate::task::{Basis, Resource, Task, TaskObject};

/// What a node is handed by the nodes above.
#[derive(Default)]
pub(super) struct Handed {
    pub(super) entries: Vec<ObjectEntry>,
    /// There were more than a node may have.
    pub(super) is_over_limit: bool,
}

impl Run {
    /// What the executor of a node is called with.
    #[must_use]
    #[inline]
    pub fn task(&self, node: NodeIx, attempt: Attempt) -> Task {
        let call = Call::new(node, attempt);
        let takes_objects = self.plan.info(node).role.is_some_and(Role::takes_objects);
        // Pages come from facts. Without any there is no need to look at the parents.
        let is_plain = self.facts.is_empty() && !self.is_possible_duplicate(node) && !self.goes_on(node);
        if !takes_objects && is_plain {
            return Task::new(Arc::clone(&self.basis), call);
        }
        self.task_of_its_own(call)
    }

    fn task_of_its_own(&self, call: Call) -> Task {
        let node = call.node();
        let has_objects = self.plan.info(node).role.filter(|role| role.takes_objects() || self.goes_on(node));
        let possible_duplicate = self.is_possible_duplicate(node);
        let mut basis = Basis::clone(&self.basis);
        basis.possible_duplicate = possible_duplicate;
        basis.objects = has_objects.map_or_else(Vec::new, |role| self.task_objects(node, role));
        basis.resources = self.pages(node).map(Into::into);
        Task::new(Arc::new(basis), call)
    }

    /// A receiver works on those of its own entries that are not done, a converter on the ones handed over. A
    /// producer that goes on looks at what it has done: it knows by itself what there is to do.
    fn task_objects(&self, node: NodeIx, role: Role) -> Vec<TaskObject> {
        let own = self.objects(node).iter();
        let entries: Vec<ObjectEntry> = match role {
            Role::Receiver => own.filter(|entry| !entry.status.is_terminal()).cloned().collect(),
            Role::Converter => self.handed_over(node).entries,
            Role::Producer => own.cloned().collect(),
        };
        let with_facts = |entry: ObjectEntry| TaskObject { facts: self.facts_of(&entry), entry };
        entries.into_iter().map(with_facts).collect()
    }

    /// Whether the edge between the two nodes is taken. Both ends of it are decided by the source alone, once
    /// it is done; below conditions by whether any of its entries goes to the target's side.
    pub(super) fn is_taken(&self, source: NodeIx, target: NodeIx) -> bool {
        match self.taking(source) {
            Taking::All => true,
            Taking::None => false,
            Taking::BySide => self.nodes.has_share(source, self.plan.info(target).start_if),
        }
    }

    /// Which edges of a node are taken.
    pub(super) fn taking(&self, source: NodeIx) -> Taking {
        match self.nodes.state(source) {
            State::Passed { too_late: false } | State::Failed { too_late: false } => {
                if self.plan.info(source).has_conditions { Taking::BySide } else { Taking::All }
            }
            State::Passed { too_late: true }
            | State::Failed { too_late: true }
            | State::Queued { .. }
            | State::Working(_)
            | State::Waiting(_)
            | State::Due(_)
            | State::Asking(_)
            | State::Skipped
            | State::Reached { .. } => Taking::None,
        }
    }

    /// The entries that go from a node with conditions to the target's side.
    fn share(&self, source: NodeIx, target: NodeIx) -> impl Iterator<Item = &ObjectEntry> {
        let side = self.plan.info(target).start_if;
        let sides = self.nodes.detail(source).map_or(&[][..], |detail| detail.sides.as_slice());
        let entries = self.objects(source).iter().zip(sides);
        entries.filter(move |(_, its_side)| side.is_some() && **its_side == side).map(|(entry, _)| entry)
    }

    fn taken_parents(&self, node: NodeIx) -> impl Iterator<Item = NodeIx> {
        self.plan.parents(node).iter().copied().filter(move |&parent| self.is_taken(parent, node))
    }

    pub(super) fn is_below_taken_conditions(&self, node: NodeIx) -> bool {
        self.taken_parents(node).any(|parent| self.plan.info(parent).has_conditions)
    }

    /// Whether a node that takes objects is handed any.
    pub(super) fn is_handed_any(&self, node: NodeIx) -> bool {
        self.plan.parents(node).is_empty()
            || self
                .taken_parents(node)
                .any(|parent| self.plan.info(parent).has_conditions || !self.objects(parent).is_empty())
    }

    /// The entries of the taken parents in the order of the edges; of one `track_id` the first stays. All of
    /// them start anew. A node with nothing above it is handed the run itself. No node is handed more than it
    /// may have.
    pub(super) fn handed_over(&self, node: NodeIx) -> Handed {
        let mut handed = Handed::default();
        if self.plan.parents(node).is_empty() {
            let run = self.spec.id.to_string();
            handed.entries.push(ObjectEntry::new(&run, &run));
            return handed;
        }
        let limit = self.spec.policy.max_objects;
        let mut seen = BTreeSet::new();
        for parent in self.taken_parents(node) {
            let mut take = |entry: ObjectEntry| {
                if entry.track_id.as_ref().is_some_and(|track| seen.contains(track)) {
                    return;
                }
                if handed.entries.len() == limit {
                    handed.is_over_limit = true;
                    return;
                }
                seen.extend(entry.track_id.clone());
                handed.entries.push(entry);
            };
            if self.plan.info(parent).has_conditions {
                self.share(parent, node)
                    .map(|entry| entry.routed(&self.fresh_parent(parent, entry)))
                    .for_each(&mut take);
            } else {
                let all = self.objects(parent).iter().cloned();
                all.map(|entry| entry.with_status(ObjectStatus::Working)).for_each(&mut take);
            }
        }
        handed
    }

    /// The parent of an entry below conditions: new for every run, node and entry, and the same in a replay.
    fn fresh_parent(&self, node: NodeIx, entry: &ObjectEntry) -> String {
        let track = entry.track_id.as_deref().or(entry.id.as_deref()).unwrap_or_default();
        self.spec.id.derive(&format!("{}\0{track}", self.plan.node_id(node)))
    }

    /// The pages of the first taken parent as they are, then those of each further one that are not listed
    /// yet; `None`, which is the site alone, as soon as one parent hands on the site.
    fn pages(&self, node: NodeIx) -> Option<Vec<Resource>> {
        let mut pages: Vec<Resource> = Vec::new();
        let mut listed = BTreeSet::new();
        for (place, parent) in self.taken_parents(node).enumerate() {
            for page in self.pages_of(parent)? {
                if listed.insert(page.id.clone()) || place == 0 {
                    pages.push(page);
                }
            }
        }
        (!pages.is_empty()).then_some(pages)
    }

    /// The pages that a node hands on; `None` for the site.
    fn pages_of(&self, node: NodeIx) -> Option<Vec<Resource>> {
        if matches!(self.nodes.state(node), State::Failed { .. }) || self.plan.info(node).has_conditions {
            return None;
        }
        let mut pages = Vec::new();
        for facts in self.objects(node).iter().filter_map(|entry| self.facts_of(entry)) {
            match facts.kind() {
                "scan" | "test" => pages.extend(page_of(&facts)),
                "caserun" | "report" => return None,
                _ => {}
            }
        }
        (!pages.is_empty()).then_some(pages)
    }
}

/// Which edges of a node are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// Every one.
    All,
    /// Not one.
    None,
    /// Each whose target is on a side that an entry goes to.
    BySide,
}

fn page_of(facts: &Facts) -> Option<Resource> {
    let page = facts.get("page")?;
    let text = |key: &str| page.get(key).and_then(Value::as_str);
    Some(Resource::page(text("id")?, text("page_url")?))
}
