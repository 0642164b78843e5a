//! Which graphs run, and how.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D13",
        reason: "an unknown task type is refused before anything runs",
        correct: refuses_unknown_types,
    },
    Rule {
        number: "D20",
        reason: "a node without conditions starts all its children",
        correct: starts_all_children,
    },
    Rule {
        number: "row start_if",
        reason: "all children on one side of conditions start, not the last one only",
        correct: starts_all_of_side,
    },
    Rule {
        number: "D21",
        reason: "roots are the nodes without incoming edge, wherever they stand; a flow without nodes is refused",
        correct: starts_at_roots,
    },
    Rule {
        number: "D22",
        reason: "an edge to nowhere is refused; a node that no edge leads to is a root",
        correct: checks_links,
    },
    Rule {
        number: "D58",
        reason: "`maxNodes` and `maxConds` are checked before anything runs",
        correct: checks_limits,
    },
    Rule { number: "D59", reason: "cycles are refused", correct: refuses_cycles },
    Rule {
        number: "D60",
        reason: "a node that several edges lead to starts once, when all of them are decided",
        correct: joins,
    },
    Rule {
        number: "D63",
        reason: "missing or duplicate ids, and an `id` that is not that of `data`, are refused",
        correct: refuses_ambiguous_ids,
    },
];

fn refuses_unknown_types(conduct: &mut Conduct) {
    conduct.starts_unknown_types = false;
}

fn starts_all_children(conduct: &mut Conduct) {
    conduct.starts_only_children = false;
}

fn starts_all_of_side(conduct: &mut Conduct) {
    conduct.starts_last_of_side = false;
}

fn starts_at_roots(conduct: &mut Conduct) {
    conduct.starts_first_of_array = false;
}

fn checks_links(conduct: &mut Conduct) {
    conduct.unlinked_raises = false;
}

fn checks_limits(conduct: &mut Conduct) {
    conduct.ignores_limits = false;
}

fn refuses_cycles(conduct: &mut Conduct) {
    conduct.runs_cycles = false;
}

fn joins(conduct: &mut Conduct) {
    conduct.starts_per_edge = false;
}

fn refuses_ambiguous_ids(conduct: &mut Conduct) {
    conduct.accepts_ambiguous_ids = false;
}
