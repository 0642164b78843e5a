//! How nodes decide each other, without objects, times and lines.

use flowrun_core::{NodeIx, NodeStatus, Plan, Role};

use super::choice::Yields;

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Queued,
    Working,
    Skipped,
    /// An empty node that had its turn.
    Reached,
    /// A receiver that was handed nothing.
    Unsent,
    Ended {
        failed: bool,
        yields: Yields,
    },
    /// It ended while the run was closing: nothing follows from it.
    Closed {
        failed: bool,
    },
}

impl Node {
    const fn is_decided(self) -> bool {
        !matches!(self, Self::Queued | Self::Working)
    }

    pub(super) const fn status(self) -> NodeStatus {
        match self {
            Self::Queued | Self::Skipped | Self::Reached => NodeStatus::Queued,
            Self::Working => NodeStatus::Working,
            Self::Unsent | Self::Ended { failed: false, .. } | Self::Closed { failed: false } => {
                NodeStatus::Passed
            }
            Self::Ended { failed: true, .. } | Self::Closed { failed: true } => NodeStatus::Failed,
        }
    }
}

/// The nodes of a run at one moment.
pub(super) type State = Box<[Node]>;

/// The state in which the roots have started.
pub(super) fn start(plan: &Plan) -> State {
    let mut state: State = vec![Node::Queued; plan.node_count()].into();
    settle(plan, &mut state);
    state
}

/// The state after a working node ended and all that follows has started.
pub(super) fn end(plan: &Plan, state: &State, node: NodeIx, failed: bool, yields: Yields) -> State {
    let mut state = state.clone();
    state[node.index()] = Node::Ended { failed, yields };
    settle(plan, &mut state);
    state
}

pub(super) fn working(state: &State) -> impl Iterator<Item = NodeIx> {
    let working = state.iter().enumerate().filter(|(_, node)| **node == Node::Working);
    working.map(|(place, _)| NodeIx::new(place))
}

/// Decides every queued node whose parents are decided, until nothing changes. Flows this small need no queue.
fn settle(plan: &Plan, state: &mut State) {
    loop {
        let mut changed = false;
        for place in 0..state.len() {
            let node = NodeIx::new(place);
            let parents = plan.parents(node);
            if state[place] != Node::Queued
                || !parents.iter().all(|parent| state[parent.index()].is_decided())
            {
                continue;
            }
            state[place] = decided(plan, state, node);
            changed = true;
        }
        if !changed {
            return;
        }
    }
}

fn decided(plan: &Plan, state: &State, node: NodeIx) -> Node {
    let parents = plan.parents(node);
    let taken = || parents.iter().copied().filter(|&parent| is_taken(plan, state, parent, node));
    if !parents.is_empty() && taken().next().is_none() {
        return Node::Skipped;
    }
    match plan.role(node) {
        None => Node::Reached,
        Some(role) if role.takes_objects() => {
            let is_handed_any = parents.is_empty() || taken().any(|parent| hands_on(plan, state, parent));
            if is_handed_any { Node::Working } else { Node::Unsent }
        }
        Some(Role::Producer | Role::Receiver | Role::Converter) => Node::Working,
    }
}

fn is_taken(plan: &Plan, state: &State, source: NodeIx, target: NodeIx) -> bool {
    match state[source.index()] {
        Node::Ended { yields: Yields::Sides { on_true, on_false }, .. } => {
            match plan.node(target).start_if() {
                Some(side) => {
                    if side {
                        on_true
                    } else {
                        on_false
                    }
                }
                None => false,
            }
        }
        Node::Ended { yields: Yields::Some | Yields::None, .. } => true,
        Node::Unsent => plan.conditions(source).is_none(),
        Node::Queued | Node::Working | Node::Skipped | Node::Reached | Node::Closed { .. } => false,
    }
}

/// Whether a taken parent hands on objects.
fn hands_on(plan: &Plan, state: &State, parent: NodeIx) -> bool {
    let yields_some = matches!(state[parent.index()], Node::Ended { yields: Yields::Some, .. });
    plan.conditions(parent).is_some() || yields_some
}
