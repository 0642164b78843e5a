//! Conditions.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D11",
        reason: "a comparison that cannot be made is false instead of hanging the run (D10); conditions that are no list of expressions are refused",
        correct: judges_without_raising,
    },
    Rule { number: "D67", reason: "texts compare as texts under every key", correct: compares_texts },
    Rule {
        number: "row Conditions",
        reason: "the number in `value` is made of ASCII digits",
        correct: reads_ascii_digits,
    },
    Rule {
        number: "row Conditions, operators",
        reason: "`>`, `<` and `!=` mean what they say",
        correct: reads_every_sign,
    },
];

fn judges_without_raising(conduct: &mut Conduct) {
    conduct.conditions_raise = false;
}

fn compares_texts(conduct: &mut Conduct) {
    conduct.compares_texts_as_numbers = false;
}

fn reads_ascii_digits(conduct: &mut Conduct) {
    conduct.reads_all_digits = false;
}

fn reads_every_sign(conduct: &mut Conduct) {
    conduct.takes_signs_for_equality = false;
}
