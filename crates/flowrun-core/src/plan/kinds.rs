//! Which kinds of objects may reach a node, by the task types above it.

use super::cycles::topological_order;
use super::{Plan, Role};
use crate::keys::{DataKey, OBJECT_TYPES};
use crate::model::NodeIx;

/// A set of kinds of objects: the built-in ones, or also any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectKinds(u8);

impl ObjectKinds {
    const ANY: Self = Self(u8::MAX);

    fn of_kind(kind: &str) -> Self {
        OBJECT_TYPES.iter().position(|known| *known == kind).map_or(Self::ANY, |place| Self(1 << place))
    }

    /// What a node of this task type makes.
    fn made_by(task_type: &str) -> Self {
        match task_type {
            "case" => Self::of_kind("caserun"),
            // The kind of an own executor's objects is its own affair, also if it is named like a built-in one.
            "scan" | "test" | "report" | "issue" => Self::of_kind(task_type),
            _ => Self::ANY,
        }
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of them may have what a documented data key reads. A name that is none may be a member of
    /// anything; and where no object can come there is nothing to read, and nothing to warn of.
    #[must_use]
    pub fn may_have(self, key: &str) -> bool {
        let Some(key) = DataKey::find(key) else { return true };
        let mut kinds = self.names().peekable();
        self == Self::ANY || kinds.peek().is_none() || kinds.any(|kind| key.may_be_on(kind))
    }

    /// The built-in kinds among them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        OBJECT_TYPES
            .iter()
            .enumerate()
            .filter(move |(place, _)| self.0 & (1 << place) != 0)
            .map(|(_, kind)| *kind)
    }
}

/// The kinds of objects at every node of a plan.
#[derive(Clone, Debug)]
pub struct KindsOfNodes {
    handed: Vec<ObjectKinds>,
    held: Vec<ObjectKinds>,
}

impl KindsOfNodes {
    /// What the templates of a node are filled in from.
    #[must_use]
    pub fn handed(&self, node: NodeIx) -> ObjectKinds {
        self.handed[node.index()]
    }

    /// What the conditions of a node judge.
    #[must_use]
    pub fn held(&self, node: NodeIx) -> ObjectKinds {
        self.held[node.index()]
    }
}

impl Plan {
    /// Which kinds of objects may reach each node, by the task types above it.
    ///
    /// # Complexity
    ///
    /// O(nodes + edges).
    #[must_use]
    pub fn object_kinds(&self) -> KindsOfNodes {
        let none = vec![ObjectKinds::default(); self.node_count()];
        let mut kinds = KindsOfNodes { handed: none.clone(), held: none };
        for node in topological_order(&self.links).unwrap_or_default() {
            let parents = self.parents(node);
            let handed = match self.role(node) {
                // The first node of a run is handed the run itself.
                Some(Role::Receiver | Role::Converter) if parents.is_empty() => {
                    ObjectKinds::of_kind("flowrun")
                }
                Some(Role::Receiver | Role::Converter) => parents
                    .iter()
                    .map(|parent| kinds.held(*parent))
                    .fold(ObjectKinds::default(), ObjectKinds::and),
                // What an own executor that starts afresh fills in, it knows best.
                Some(Role::Producer) => ObjectKinds::ANY,
                None => ObjectKinds::default(),
            };
            kinds.handed[node.index()] = handed;
            kinds.held[node.index()] = match self.role(node) {
                Some(Role::Receiver) | None => handed,
                Some(Role::Producer | Role::Converter) => ObjectKinds::made_by(&self.node(node).task_type()),
            };
        }
        kinds
    }
}
