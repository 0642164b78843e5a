//! Order and cycles.

use super::Links;
use crate::model::NodeIx;

/// Whether there is a cycle.
pub(crate) fn has_cycle(links: &Links) -> bool {
    // A canvas appends nodes, so mostly every edge leads further on in the flow, and the nodes are in order.
    let is_in_order = links.edges().iter().all(|(source, target)| source < target);
    !is_in_order && topological_order(links).is_none()
}

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
    while !place.contains_key(&node) {
        place.insert(node, path.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn links(nodes: usize, edges: &[(usize, usize)]) -> Links {
        Links::new(nodes, edges.iter().map(|&(a, b)| (NodeIx::new(a), NodeIx::new(b))).collect())
    }

    fn named(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let indices = |cycle: Vec<NodeIx>| cycle.into_iter().map(NodeIx::index).collect();
        cycles(&links(nodes, edges)).into_iter().map(indices).collect()
    }

    #[test]
    fn a_cycle_is_walked_from_its_first_node_and_what_leads_there_is_not_on_it() {
        assert_eq!(named(5, &[(0, 3), (3, 2), (2, 1), (1, 3), (3, 4)]), [[1, 3, 2]]);
        assert_eq!(named(4, &[(0, 1), (1, 0), (2, 3), (3, 2)]), [[0, 1], [2, 3]]);
        assert!(named(3, &[(0, 1), (1, 2)]).is_empty());
    }

    #[test]
    fn a_cycle_of_100_000_nodes_needs_no_deep_stack() {
        let walk = || {
            let edges: Vec<_> = (0..100_000).map(|node| (node, (node + 1) % 100_000)).collect();
            (topological_order(&links(100_000, &edges)).is_none(), named(100_000, &edges)[0].len())
        };
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        assert_eq!(small.spawn(walk).unwrap().join().unwrap(), (true, 100_000));
    }
}
