//! Why nodes were skipped, told from the records of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Record;
use crate::condition::{Evaluation, Seen};
use crate::model::{NodeIx, shown};
use crate::plan::Plan;

/// Follows the records of a run and says of each skipped node what decided it. On the wire such a node stays
/// `queued`, as in the public original; people are told.
///
/// ```
/// use flowrun_core::{Flow, NodeIx, NodeSpec, Plan, Record, Skipped, TaskTypes};
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "")).node(NodeSpec::new("2", "scan")).edge("1", "2").build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
/// let mut skipped = Skipped::default();
/// skipped.note(&Record::NodeSkipped { node: NodeIx::new(1) });
/// assert_eq!(skipped.why(&plan, NodeIx::new(1)).as_deref(), Some("node `1` above it is empty"));
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    nodes: BTreeSet<NodeIx>,
    /// For each node with conditions how often each side was taken, and the first evaluation that took it.
    judged: BTreeMap<NodeIx, Judged>,
}

#[derive(Clone, Debug, Default)]
struct Judged {
    on_true: Side,
    on_false: Side,
}

#[derive(Clone, Debug, Default)]
struct Side {
    count: usize,
    first: Option<Arc<Evaluation>>,
}

impl Skipped {
    /// Takes in the next record.
    pub fn note(&mut self, record: &Record) {
        if let Record::NodeSkipped { node } = record {
            self.nodes.insert(*node);
        } else if let Record::Judged { node, entry, side, evaluation, .. } = record {
            self.judge(*node, *entry, *side, evaluation.as_ref());
        } else if let Record::Rerun { nodes, .. } = record {
            self.nodes.retain(|node| !nodes.contains(node));
        }
    }

    fn judge(&mut self, node: NodeIx, entry: u32, side: Option<bool>, evaluation: Option<&Arc<Evaluation>>) {
        // A node that is done once more is judged anew.
        if entry == 0 {
            self.judged.remove(&node);
        }
        let judged = self.judged.entry(node).or_default();
        let side = match side {
            Some(true) => &mut judged.on_true,
            Some(false) => &mut judged.on_false,
            None => return,
        };
        side.count += 1;
        if side.first.is_none() {
            side.first = evaluation.cloned();
        }
    }

    /// The nodes that were skipped, in the order of the flow.
    pub fn nodes(&self) -> impl Iterator<Item = NodeIx> {
        self.nodes.iter().copied()
    }

    /// What decided that a node was skipped, such as
    /// ``no object of node `1` went to true: health (42.0) >= 80.0: false``; `None` for one that was not.
    #[must_use]
    pub fn why(&self, plan: &Plan, node: NodeIx) -> Option<String> {
        if !self.nodes.contains(&node) {
            return None;
        }
        let parents = plan.parents(node).iter();
        let mut reasons = parents.map(|parent| self.why_not_from(plan, *parent, node));
        let first = reasons.next()?;
        let more = reasons.count();
        Some(if more == 0 { first } else { format!("{first}, and {more} more edges were not taken") })
    }

    /// Why the edge from `parent` to `node` was not taken.
    fn why_not_from(&self, plan: &Plan, parent: NodeIx, node: NodeIx) -> String {
        let id = shown(&plan.node_id(parent));
        if plan.role(parent).is_none() {
            return format!("node `{id}` above it is empty");
        }
        if self.nodes.contains(&parent) {
            return format!("node `{id}` above it was skipped");
        }
        let Some(side) = plan.node(node).start_if() else {
            return format!("it stands below the conditions of node `{id}` and its start_if is null");
        };
        let other =
            self.judged.get(&parent).map(|judged| if side { &judged.on_false } else { &judged.on_true });
        match other {
            Some(Side { count, first: Some(first) }) => {
                let deciding: Vec<_> = first
                    .comparisons
                    .iter()
                    .filter(|comparison| !matches!(comparison.seen, Seen::NotReached))
                    .map(ToString::to_string)
                    .collect();
                let of = if *count > 1 { format!(" (the first of {count})") } else { String::new() };
                format!("no object of node `{id}` went to {side}: {}{of}", deciding.join(", "))
            }
            _ => format!("node `{id}` had no object for its conditions"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::Play;

    /// Each skipped node with its reason.
    fn skipped(drawing: &str, script: &str) -> Vec<String> {
        let mut play = Play::new(drawing);
        play.play(script);
        let mut skipped = Skipped::default();
        play.journal.iter().for_each(|(_, record)| skipped.note(record));
        let plan = play.run.plan();
        skipped
            .nodes()
            .map(|node| format!("{}: {}", plan.node_id(node), skipped.why(plan, node).unwrap()))
            .collect()
    }

    #[test]
    fn the_comparison_that_decided_is_told() {
        let drawing = "probe a {score >= 80} -> slack yes [true], a -> slack no [false], no -> scan z";
        let good = r#"0 start; 1 object a x passed {"type":"probe","score":90}; 2 done a"#;
        assert_eq!(
            skipped(drawing, good),
            [
                "no: no object of node `a` went to false: score (90.0) >= 80.0: true",
                "z: node `no` above it was skipped",
            ]
        );
        let bad = r#"0 start; 1 object a x passed {"type":"probe","score":9}
            ; 1 object a y passed {"type":"probe","score":8}; 2 done a"#;
        assert_eq!(
            skipped(drawing, bad),
            ["yes: no object of node `a` went to true: score (9.0) >= 80.0: false (the first of 2)"]
        );
        assert_eq!(
            skipped(drawing, "0 start; 2 done a"),
            [
                "yes: node `a` had no object for its conditions",
                "no: node `a` had no object for its conditions",
                "z: node `no` above it was skipped",
            ]
        );
    }
}
