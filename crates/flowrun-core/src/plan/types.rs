//! The task types a flow may name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a node of a task type is handed when it starts.
///
/// ```
/// use flowrun_core::Role;
///
/// assert!(Role::Receiver.takes_objects() && !Role::Producer.takes_objects());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Role {
    /// Starts afresh from pages or the site: `scan`, `test`, `case`, `report`.
    Producer,
    /// Is handed the entries of the nodes above and works on each: `slack`, `email`, `phone`, `webhook`.
    Receiver,
    /// Is handed the entries of the nodes above and registers entries of its own for them: `issue`.
    Converter,
}

impl Role {
    /// Whether nodes of this role are handed the entries of the nodes above.
    #[must_use]
    pub const fn takes_objects(self) -> bool {
        matches!(self, Self::Receiver | Self::Converter)
    }
}

/// What an attempt does to the world outside, which decides what becomes of one whose end nobody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum EffectClass {
    /// Nothing: it may be repeated without a thought.
    Read,
    /// Its effects carry the idempotency key, so that the other side can tell a repetition.
    #[default]
    Keyed,
    /// Its effects carry nothing that the other side would look at: a repetition is a duplicate.
    Blind,
    /// Its executor can find out whether an effect happened.
    Probeable,
}

/// The task types a flow may name, each with its role and the class of its effects.
///
/// ```
/// use flowrun_core::{Role, TaskTypes};
///
/// let types = TaskTypes::documented().with("audit", Role::Producer);
/// assert_eq!(types.role("slack"), Some(Role::Receiver));
/// assert_eq!(types.role("audit"), Some(Role::Producer));
/// assert_eq!(types.role("paint"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskTypes(BTreeMap<String, TaskType>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TaskType {
    role: Role,
    effect: EffectClass,
}

impl TaskTypes {
    const DOCUMENTED: [(&'static str, Role, EffectClass); 9] = [
        ("scan", Role::Producer, EffectClass::Read),
        ("test", Role::Producer, EffectClass::Read),
        ("case", Role::Producer, EffectClass::Keyed),
        ("report", Role::Producer, EffectClass::Keyed),
        ("issue", Role::Converter, EffectClass::Keyed),
        ("phone", Role::Receiver, EffectClass::Blind),
        ("slack", Role::Receiver, EffectClass::Blind),
        ("email", Role::Receiver, EffectClass::Blind),
        ("webhook", Role::Receiver, EffectClass::Keyed),
    ];

    /// The nine task types of the documented flows.
    #[must_use]
    pub fn documented() -> Self {
        let types =
            Self::DOCUMENTED.iter().map(|&(name, role, effect)| (name.to_owned(), TaskType { role, effect }));
        Self(types.collect())
    }

    /// The same types and one more. Its effects have the class that a documented type of the name has, else
    /// [`EffectClass::Keyed`].
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, role: Role) -> Self {
        let name = name.into();
        let effect = Self::documented_type(&name).map_or(EffectClass::default(), |known| known.effect);
        self.0.insert(name, TaskType { role, effect });
        self
    }

    /// The same types, one of them with effects of that class. A name that is not among them changes nothing.
    #[must_use]
    pub fn with_effect(mut self, name: &str, effect: EffectClass) -> Self {
        if let Some(known) = self.0.get_mut(name) {
            known.effect = effect;
        }
        self
    }

    /// The role of a type; `None` when it is not known.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<Role> {
        self.0.get(name).map(|known| known.role)
    }

    /// The type of this name as it is registered, with its role and the class of its effects.
    pub(super) fn get(&self, name: &str) -> Option<(&str, Role, EffectClass)> {
        self.0.get_key_value(name).map(|(name, known)| (&**name, known.role, known.effect))
    }

    /// The role that a documented type has, whatever is registered.
    #[must_use]
    pub fn documented_role(name: &str) -> Option<Role> {
        Self::documented_type(name).map(|known| known.role)
    }

    fn documented_type(name: &str) -> Option<TaskType> {
        let known = Self::DOCUMENTED.iter().find(|(known, ..)| *known == name);
        known.map(|&(_, role, effect)| TaskType { role, effect })
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
