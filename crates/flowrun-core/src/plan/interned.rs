//! The task types of a flow, each looked up once.

use std::collections::BTreeMap;

use super::{EffectClass, Role, TaskTypes};
use crate::model::json::{is_same, string_of};

/// The task types that were met, so that each is looked up once.
pub(super) struct Interned<'a> {
    pub(super) known: &'a TaskTypes,
    pub(super) names: Vec<(Box<str>, EffectClass)>,
    /// Place and role by name, borrowed from `known`.
    met: BTreeMap<&'a str, (u32, Role)>,
    /// The last one, as its JSON text: nodes that stand together are often of one type.
    last: (&'a str, (u32, Role)),
}

impl<'a> Interned<'a> {
    pub(super) const fn new(known: &'a TaskTypes) -> Self {
        Self { known, names: Vec::new(), met: BTreeMap::new(), last: ("", (0, Role::Producer)) }
    }

    /// The place and the role of the task type that is written as `raw`; `None` when nobody can do it.
    pub(super) fn of(&mut self, raw: &'a str) -> Option<(u32, Role)> {
        if is_same(raw.as_bytes(), self.last.0.as_bytes()) {
            return Some(self.last.1);
        }
        let name = string_of(raw);
        let found = match self.met.get(&*name) {
            Some(&found) => found,
            None => {
                let (name, role, effect) = self.known.get(&name)?;
                let place = u32::try_from(self.names.len()).expect("a flow has fewer than 2³² nodes");
                self.names.push((name.into(), effect));
                self.met.insert(name, (place, role));
                (place, role)
            }
        };
        self.last = (raw, found);
        Some(found)
    }
}
