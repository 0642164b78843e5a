//! What a node is handed by the nodes above it.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D1",
        reason: "entries handed on start anew as `working`, so a receiver ends only when it has sent",
        correct: hands_on_working,
    },
    Rule {
        number: "D2",
        reason: "a receiver that is handed nothing passes at once and says so, instead of hanging",
        correct: passes_with_nothing_to_send,
    },
    Rule {
        number: "D41",
        reason: "resources follow from what the entries really are, not from the task type of the parent",
        correct: looks_up_real_type,
    },
];

fn hands_on_working(conduct: &mut Conduct) {
    conduct.keeps_handed_statuses = false;
}

fn passes_with_nothing_to_send(conduct: &mut Conduct) {
    conduct.calls_receivers_with_nothing = false;
}

fn looks_up_real_type(conduct: &mut Conduct) {
    conduct.looks_up_as_parent_type = false;
}
