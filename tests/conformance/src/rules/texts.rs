//! Settings and texts.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D12",
        reason: "a missing key of a node has its default instead of raising or being null",
        correct: defaults_missing_keys,
    },
    Rule {
        number: "D38",
        reason: "a key the object cannot satisfy stays as typed; the rest of the text is made",
        correct: keeps_unreadable_keys,
    },
    Rule {
        number: "D39",
        reason: "a text is filled in with one pass: values are never searched for keys or code",
        correct: fills_in_once,
    },
    Rule { number: "D45", reason: "an absent value is never spelled `None`", correct: never_spells_none },
];

fn defaults_missing_keys(conduct: &mut Conduct) {
    conduct.lacks_defaults = false;
}

fn keeps_unreadable_keys(conduct: &mut Conduct) {
    conduct.unreadable_keys_raise = false;
}

fn fills_in_once(conduct: &mut Conduct) {
    conduct.fills_in_again = false;
}

fn never_spells_none(conduct: &mut Conduct) {
    conduct.absent_is_none = false;
}
