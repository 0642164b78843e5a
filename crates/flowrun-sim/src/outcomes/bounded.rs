//! Some ends of a large flow: those that differ from all passing by what one node does.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use flowrun_core::{NodeIx, Plan};

use super::choice::Choices;
use super::script::{Step, behaviour};
use super::{FlowEnd, Outcomes, statuses};
use crate::script::{RunSettings, Script};
use crate::sim::simulate;

/// Ends that are looked at for each that may be listed: many nodes of a large flow make no difference.
const LOOKS: usize = 8;

/// Plays a run for each choice of each node, in the order of the nodes, as far as the limit goes.
pub(super) fn outcomes(plan: &Arc<Plan>, settings: &RunSettings, limit: usize) -> Outcomes {
    let base = Script { run: settings.clone(), ..Script::default() };
    let others = (0..plan.node_count()).map(NodeIx::new).filter(|&node| plan.role(node).is_some());
    let others = others.flat_map(|node| {
        let choices = Choices::of(plan, node);
        let steps = choices
            .yields
            .iter()
            .flat_map(|&yields| [false, true].map(|failed| Step { node, failed, yields }));
        let scripts: Vec<Script> = steps
            .map(|step| base.clone().node(plan.node_id(node), behaviour(plan, &choices, step)))
            .collect();
        scripts
    });
    let (mut ends, mut known) = (Vec::new(), HashSet::new());
    for script in std::iter::once(base.clone()).chain(others).take(limit.saturating_mul(LOOKS)) {
        if ends.len() >= limit {
            break;
        }
        let Ok(simulated) = simulate(plan, &script) else { continue };
        let run = simulated.run();
        let nodes = statuses(run);
        let mut hasher = DefaultHasher::new();
        nodes.hash(&mut hasher);
        if known.insert(hasher.finish()) {
            ends.push(FlowEnd { status: run.status(), nodes, script });
        }
    }
    Outcomes { ends, is_exhaustive: false }
}
