//! The switches of the model.

/// How an engine behaves where the original and the design differ: each field is one thing that the original
/// does, named for what it is. The numbers are those of section 8 of the specification; where there is none,
/// the row of the design's table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "one switch for each difference is the point")]
pub struct Conduct {
    /// D1: entries handed on without a condition keep the status they have.
    pub keeps_handed_statuses: bool,
    /// D2: a receiver that is handed nothing is called, and says nothing.
    pub calls_receivers_with_nothing: bool,
    /// D6: a node with conditions of which no object goes to either side ends nothing.
    pub hangs_without_outcome: bool,
    /// D7: whenever a node starts, the other working nodes are swept.
    pub sweeps: bool,
    /// D8: without `end_on_fail` a failed node with conditions is routed.
    pub routes_failed_by_default: bool,
    /// D9: entries and statuses change a node that does not work.
    pub takes_late_updates: bool,
    /// D11: conditions are run as code, which may raise; the run then hangs (D10).
    pub conditions_raise: bool,
    /// D12: a key that is missing in a node's data has no default: it raises, or its task is handed null.
    pub lacks_defaults: bool,
    /// D13: a node of an unknown type is started, and nobody works on it.
    pub starts_unknown_types: bool,
    /// D14: the run may close between the start of the true and of the false child.
    pub closes_between_sides: bool,
    /// D15: a message makes a node end that has no entry at work.
    pub messages_end_nodes: bool,
    /// D16: the status of an entry may go back from its end to `working`.
    pub statuses_move_back: bool,
    /// D17: ids of nodes are read as integers.
    pub ids_are_integers: bool,
    /// D18: messages of the first node stand under the step of the line that is last.
    pub first_node_borrows_step: bool,
    /// D19: messages are split at commas.
    pub splits_messages: bool,
    /// D20: a node without conditions that has several children starts none.
    pub starts_only_children: bool,
    /// D21: the root is the first node of the array, whatever the edges say.
    pub starts_first_of_array: bool,
    /// D22: an edge to nowhere, or a node that no edge leads to, raises.
    pub unlinked_raises: bool,
    /// D23: a failure that ends the run ends only its own branch.
    pub failure_spares_other_branches: bool,
    /// D38: a key that the object cannot satisfy spoils the whole text.
    pub unreadable_keys_raise: bool,
    /// D39: texts that were filled in are searched again, for keys and for source text.
    pub fills_in_again: bool,
    /// D41: resources are looked up as the type of the parent's task.
    pub looks_up_as_parent_type: bool,
    /// D45: an absent text of an issue reads `None`.
    pub absent_is_none: bool,
    /// D58: limits on nodes and expressions are not looked at.
    pub ignores_limits: bool,
    /// D59: cycles run.
    pub runs_cycles: bool,
    /// D60: a node starts again for each edge that is taken into it.
    pub starts_per_edge: bool,
    /// D63: ids may be given twice, and the two copies of an id may differ.
    pub accepts_ambiguous_ids: bool,
    /// D67: texts other than the three statuses are compared with the number in `value`.
    pub compares_texts_as_numbers: bool,
    /// D68: a final status ends the node, whatever its other entries do.
    pub statuses_end_nodes: bool,
    /// Row *start_if*: of several children on one side only the last starts.
    pub starts_last_of_side: bool,
    /// Row *Conditions*: digits of any script are read as a number.
    pub reads_all_digits: bool,
    /// Row *Conditions*: every operator that holds neither `>=` nor `<=` is equality.
    pub takes_signs_for_equality: bool,
    /// Row *Empty node*: that an empty node was reached is forgotten while others work.
    pub forgets_empty_nodes: bool,
    /// Row *Logs*: where no child is found, the closing line has the largest id that is complete.
    pub closes_under_largest_id: bool,
    /// Row *Statuses of edges*: only the first edge into a node is decorated, and none into the first node.
    pub decorates_first_edge: bool,
}

impl Conduct {
    /// All that the original does.
    pub const ORIGINAL: Self = Self::all(true);
    /// What the design says.
    pub const DESIGN: Self = Self::all(false);

    const fn all(on: bool) -> Self {
        Self {
            keeps_handed_statuses: on,
            calls_receivers_with_nothing: on,
            hangs_without_outcome: on,
            sweeps: on,
            routes_failed_by_default: on,
            takes_late_updates: on,
            conditions_raise: on,
            lacks_defaults: on,
            starts_unknown_types: on,
            closes_between_sides: on,
            messages_end_nodes: on,
            statuses_move_back: on,
            ids_are_integers: on,
            first_node_borrows_step: on,
            splits_messages: on,
            starts_only_children: on,
            starts_first_of_array: on,
            unlinked_raises: on,
            failure_spares_other_branches: on,
            unreadable_keys_raise: on,
            fills_in_again: on,
            looks_up_as_parent_type: on,
            absent_is_none: on,
            ignores_limits: on,
            runs_cycles: on,
            starts_per_edge: on,
            accepts_ambiguous_ids: on,
            compares_texts_as_numbers: on,
            statuses_end_nodes: on,
            starts_last_of_side: on,
            reads_all_digits: on,
            takes_signs_for_equality: on,
            forgets_empty_nodes: on,
            closes_under_largest_id: on,
            decorates_first_edge: on,
        }
    }
}
