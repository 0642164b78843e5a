//! All ends of a small flow.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use flowrun_core::{NodeIx, NodeStatus, Plan, RunStatus};

use super::choice::{Choices, Yields};
use super::model::{self, Node, State};
use super::script::{Step, script};
use super::{FlowEnd, Outcomes, statuses};
use crate::script::{Behaviour, RunSettings};
use crate::sim::simulate;

/// Walks every state that a run without failures can be in, in the order of their distance; where a failure
/// does not end the run, in one order of ends, because nodes then depend on their parents alone.
pub(super) fn outcomes(plan: &Arc<Plan>, settings: &RunSettings, ends_on_fail: bool) -> Outcomes {
    let mut search = Search {
        plan,
        settings,
        choices: Choices::of_all(plan),
        seen: HashSet::new(),
        known: HashMap::new(),
        ends: Vec::new(),
    };
    let mut queue = VecDeque::from([(model::start(plan), Vec::new())]);
    while let Some((state, path)) = queue.pop_front() {
        let working: Vec<NodeIx> = model::working(&state).collect();
        if working.is_empty() {
            search.end(&state, &path, false);
            continue;
        }
        let movers = if ends_on_fail { &working[..] } else { &working[..1] };
        for &node in movers {
            for failed in if ends_on_fail { &[false][..] } else { &[false, true] } {
                for place in 0..search.choices[node.index()].yields.len() {
                    let yields = search.choices[node.index()].yields[place];
                    let next = model::end(plan, &state, node, *failed, yields);
                    if search.seen.insert(next.clone()) {
                        let mut path = path.clone();
                        path.push(Step { node, failed: *failed, yields });
                        queue.push_back((next, path));
                    }
                }
            }
        }
        if ends_on_fail {
            search.failures(&state, &path, &working);
        }
    }
    let mut ends = search.ends;
    // In the order in which they were found where that is all there is between them.
    ends.sort_by_key(|(cost, _)| *cost);
    let ends = ends.into_iter().map(|(_, end)| without_needless_waits(plan, end)).collect();
    Outcomes { ends, is_exhaustive: true }
}

/// The end with a script that says nothing of time, if it is the same end.
fn without_needless_waits(plan: &Arc<Plan>, end: FlowEnd) -> FlowEnd {
    let mut script = end.script.clone();
    script.nodes.values_mut().for_each(|behaviour| behaviour.after = None);
    script.nodes.retain(|_, behaviour| *behaviour != Behaviour::default());
    match simulate(plan, &script) {
        Ok(simulated) if statuses(simulated.run()) == end.nodes => FlowEnd { script, ..end },
        _ => end,
    }
}

struct Search<'a> {
    plan: &'a Arc<Plan>,
    settings: &'a RunSettings,
    choices: Vec<Choices>,
    seen: HashSet<State>,
    /// The place of each end in `ends`.
    known: HashMap<Vec<NodeStatus>, usize>,
    /// The ends, each with what its script costs.
    ends: Vec<(usize, FlowEnd)>,
}

impl Search<'_> {
    /// The run ends here because some of those that are working fail, and the others pass after them.
    fn failures(&mut self, state: &State, path: &[Step], working: &[NodeIx]) {
        for failing in 1..1_usize << working.len() {
            let mut closed = state.clone();
            let mut steps = path.to_vec();
            let fails = |place: usize| failing >> place & 1 == 1;
            for (place, &node) in working.iter().enumerate() {
                closed[node.index()] = Node::Closed { failed: fails(place) };
            }
            // The first failure comes before everything else that ends.
            let order = (0..working.len()).filter(|&place| fails(place));
            let order = order.chain((0..working.len()).filter(|&place| !fails(place)));
            steps.extend(order.map(|place| Step {
                node: working[place],
                failed: fails(place),
                yields: self.choices[working[place].index()].yields.first().copied().unwrap_or(Yields::Some),
            }));
            self.end(&closed, &steps, true);
        }
    }

    fn end(&mut self, state: &State, path: &[Step], order_counts: bool) {
        let nodes: Vec<NodeStatus> = state.iter().map(|node| node.status()).collect();
        let cost = path.iter().filter(|step| self.is_unusual(step)).count();
        let place = *self.known.entry(nodes.clone()).or_insert(self.ends.len());
        if self.ends.get(place).is_some_and(|(known, _)| *known <= cost) {
            return;
        }
        let failed = nodes.contains(&NodeStatus::Failed);
        let end = FlowEnd {
            status: if failed { RunStatus::Failed } else { RunStatus::Passed },
            script: script(self.plan, self.settings, &self.choices, path, order_counts),
            nodes,
        };
        match self.ends.get_mut(place) {
            Some(known) => *known = (cost, end),
            None => self.ends.push((cost, end)),
        }
    }

    /// Whether the step has to be told: the node does other than pass as it does when nothing is said.
    fn is_unusual(&self, step: &Step) -> bool {
        step.failed || self.choices[step.node.index()].yields.first() != Some(&step.yields)
    }
}
