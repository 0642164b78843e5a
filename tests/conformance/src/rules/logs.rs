//! Lines of the log and decoration of edges.

use super::Rule;
use crate::original::Conduct;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: "D19",
        reason: "one message is one line: commas are no separators",
        correct: keeps_messages_whole,
    },
    Rule {
        number: "D18",
        reason: "a message of the first node stands under its own step",
        correct: logs_under_own_step,
    },
    Rule {
        number: "D17",
        reason: "ids that are no integers are sorted after the integers instead of raising",
        correct: accepts_any_id,
    },
    Rule {
        number: "row Logs",
        reason: "the closing line has the id of the node that was finalized last, also where a child is missing",
        correct: closes_under_last_finalized,
    },
    Rule {
        number: "row Statuses of edges",
        reason: "every taken edge into a working node is animated, not the first one drawn",
        correct: decorates_taken_edges,
    },
];

fn keeps_messages_whole(conduct: &mut Conduct) {
    conduct.splits_messages = false;
}

fn logs_under_own_step(conduct: &mut Conduct) {
    conduct.first_node_borrows_step = false;
}

fn accepts_any_id(conduct: &mut Conduct) {
    conduct.ids_are_integers = false;
}

fn closes_under_last_finalized(conduct: &mut Conduct) {
    conduct.closes_under_largest_id = false;
}

fn decorates_taken_edges(conduct: &mut Conduct) {
    conduct.decorates_first_edge = false;
}
