//! What a node may do, as far as it makes a difference.

use flowrun_core::{NodeIx, Plan, Role};
use serde_json::{Map, Value};

use super::facts::{Sides, sides};

/// How a node ends, beside passed or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Yields {
    /// Objects; of a node without conditions that is all that counts.
    Some,
    /// No objects.
    None,
    /// Objects that start what is on the true side, on the false side, on both, or nothing.
    Sides { on_true: bool, on_false: bool },
}

/// A node's choices.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    /// What it may yield; the first one is what it does when nothing is said.
    pub(super) yields: Vec<Yields>,
    /// Facts for either side of its conditions.
    pub(super) sides: Sides,
    /// Facts for a side that leads nowhere, while the other one does.
    pub(super) nowhere: Option<Map<String, Value>>,
}

impl Choices {
    /// What the node may do that its children can tell apart.
    pub(super) fn of(plan: &Plan, node: NodeIx) -> Self {
        let children = plan.children(node);
        if plan.conditions(node).is_none() {
            let objects_count =
                children.iter().filter_map(|&child| plan.role(child)).any(Role::takes_objects);
            // A receiver ends with what it was handed, which is something.
            let may_be_none = objects_count && plan.role(node) != Some(Role::Receiver);
            let yields = if may_be_none { vec![Yields::Some, Yields::None] } else { vec![Yields::Some] };
            return Self { yields, sides: Sides::default(), nowhere: None };
        }
        let sides = sides(plan, node);
        let leads = |side| children.iter().any(|&child| plan.node(child).start_if() == Some(side));
        let mut yields = Vec::new();
        for on_true in [true, false] {
            for on_false in [false, true] {
                let is_possible = (!on_true || (leads(true) && sides.on_true.is_some()))
                    && (!on_false || (leads(false) && sides.on_false.is_some()));
                if is_possible {
                    yields.push(Yields::Sides { on_true, on_false });
                }
            }
        }
        let nowhere = match (leads(true), leads(false)) {
            (true, false) => sides.on_false.clone(),
            (false, true) => sides.on_true.clone(),
            (true, true) | (false, false) => None,
        };
        Self { yields, sides, nowhere }
    }

    /// The choices of every node.
    pub(super) fn of_all(plan: &Plan) -> Vec<Self> {
        (0..plan.node_count()).map(|node| Self::of(plan, NodeIx::new(node))).collect()
    }
}
