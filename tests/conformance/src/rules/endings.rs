//! When nodes and runs end.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D16",
        reason: "the status of an entry never leaves a terminal one",
        correct: keeps_terminal_statuses,
    },
    Rule {
        number: "D9",
        reason: "a node that is not at work changes no more; its log lines are kept",
        correct: drops_late_updates,
    },
    Rule { number: "D15", reason: "a message never ends a node", correct: ignores_messages },
    Rule {
        number: "D68",
        reason: "a node ends when its task has returned, not with the first final status",
        correct: waits_for_return,
    },
    Rule {
        number: "D7",
        reason: "a node ends by its own task; starting another one ends nothing",
        correct: never_sweeps,
    },
    Rule {
        number: "D14",
        reason: "both sides of conditions start before the run may close",
        correct: starts_both_sides_first,
    },
    Rule {
        number: "D6",
        reason: "a node with conditions but no outcome ends its branch, so the run closes",
        correct: ends_without_outcome,
    },
    Rule {
        number: "D8",
        reason: "an absent `end_on_fail` means true, with conditions too",
        correct: ends_on_failure_by_default,
    },
    Rule {
        number: "D23",
        reason: "under `end_on_fail` nothing new starts anywhere after a failure",
        correct: failure_stops_all_branches,
    },
    Rule {
        number: "row Empty node",
        reason: "an empty node reached below conditions is finalized, whatever else works",
        correct: remembers_empty_nodes,
    },
];

fn keeps_terminal_statuses(conduct: &mut Conduct) {
    conduct.statuses_move_back = false;
}

fn drops_late_updates(conduct: &mut Conduct) {
    conduct.takes_late_updates = false;
}

fn ignores_messages(conduct: &mut Conduct) {
    conduct.messages_end_nodes = false;
}

fn waits_for_return(conduct: &mut Conduct) {
    conduct.statuses_end_nodes = false;
}

fn never_sweeps(conduct: &mut Conduct) {
    conduct.sweeps = false;
}

fn starts_both_sides_first(conduct: &mut Conduct) {
    conduct.closes_between_sides = false;
}

fn ends_without_outcome(conduct: &mut Conduct) {
    conduct.hangs_without_outcome = false;
}

fn ends_on_failure_by_default(conduct: &mut Conduct) {
    conduct.routes_failed_by_default = false;
}

fn failure_stops_all_branches(conduct: &mut Conduct) {
    conduct.failure_spares_other_branches = false;
}

fn remembers_empty_nodes(conduct: &mut Conduct) {
    conduct.forgets_empty_nodes = false;
}
