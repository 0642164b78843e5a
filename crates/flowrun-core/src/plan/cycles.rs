//! Order and cycles.

use super::Links;
use crate::model::NodeIx;

/// Every node after all of its parents; `None` when there is a cycle.
///
/// Kahn, "Topological sorting of large networks" (1962), on the flat arrays: on a large graph this is several
/// times faster than a depth-first sort, and it is part of every start of a run.
pub(crate) fn topological_order(links: &Links) -> Option<Vec<NodeIx>> {
    let mut waiting: Vec<u32> = links.nodes().map(|node| links.parents(node).len() as u32).collect();
    let mut order: Vec<NodeIx> = links.nodes().filter(|node| waiting[node.index()] == 0).collect();
    order.reserve_exact(links.node_count() - order.len());
    let mut done = 0;
    while let Some(&node) = order.get(done) {
        done += 1;
        for &child in links.children(node) {
            waiting[child.index()] -= 1;
            if waiting[child.index()] == 0 {
                order.push(child);
            }
        }
    }
    (order.len() == links.node_count()).then_some(order)
}

/// One cycle for each knot of nodes that reach one another, as the nodes on it in walking order, starting
/// with the one that stands first in the flow.
pub(crate) fn cycles(links: &Links) -> Vec<Vec<NodeIx>> {
    // Kosaraju's walk is the one that does not recurse: a chain of a million nodes must not end the process.
    let mut found: Vec<Vec<NodeIx>> = petgraph::algo::kosaraju_scc(links)
        .into_iter()
        .filter(|knot| knot.len() > 1)
        .map(|knot| cycle_in(links, &knot))
        .collect();
    found.sort();
    found
}

/// Walks inside the knot until a node comes up again.
fn cycle_in(links: &Links, knot: &[NodeIx]) -> Vec<NodeIx> {
    let inside: std::collections::BTreeSet<NodeIx> = knot.iter().copied().collect();
    let mut place = std::collections::BTreeMap::new();
    let mut path = Vec::new();
    let mut node = *inside.first().expect("a knot has nodes");
    while place.insert(node, path.len()).is_none() {
        path.push(node);
        let next =
            links.children(node).iter().copied().find(|child| inside.contains(child) && *child != node);
        node = next.expect("in a knot of several nodes each has a child inside");
    }
    let mut cycle = path.split_off(place[&node]);
    let first = (0..cycle.len()).min_by_key(|&at| cycle[at]).unwrap_or(0);
    cycle.rotate_left(first);
    cycle
}
