//! What a run should do, worked out the slow way: after every completion each edge is looked at anew. Written
//! from the table of the design, and sharing nothing with the machine it judges.

/// A flow as this interpreter sees it: nodes are numbers, in the order of the flow.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) nodes: Vec<DrawnNode>,
    pub(super) edges: Vec<(usize, usize)>,
    pub(super) end_on_fail: bool,
}

/// One node, and what its task is going to do.
#[derive(Clone, Debug, Default)]
pub(super) struct DrawnNode {
    pub(super) empty: bool,
    pub(super) fails: bool,
    pub(super) start_if: Option<bool>,
    /// With conditions: the side of each object.
    pub(super) sides: Option<Vec<bool>>,
}

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Story {
    /// `Some(true)` for passed, `Some(false)` for failed, `None` for a node that never started.
    pub(super) ended: Vec<Option<bool>>,
    /// The nodes in the order they started.
    pub(super) starts: Vec<usize>,
    pub(super) passed: bool,
}

/// Which of the working nodes ends next, counted in the order they started.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    First,
    Last,
}

impl Next {
    pub(super) fn take<T>(self, working: &mut Vec<T>) -> Option<T> {
        match self {
            Self::First => (!working.is_empty()).then(|| working.remove(0)),
            Self::Last => working.pop(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    PassedOver,
    Started,
    Ended(bool),
}

struct Interpreter<'a> {
    flow: &'a Drawn,
    fates: Vec<Fate>,
    starts: Vec<usize>,
    working: Vec<usize>,
}

/// Runs the flow.
pub(super) fn interpret(flow: &Drawn, next: Next) -> Story {
    let (fates, starts, working) = (vec![Fate::Open; flow.nodes.len()], Vec::new(), Vec::new());
    let mut run = Interpreter { flow, fates, starts, working };
    let roots = (0..flow.nodes.len()).filter(|&node| flow.edges.iter().all(|edge| edge.1 != node));
    run.look_at(roots.collect());
    while let Some(node) = next.take(&mut run.working) {
        run.fates[node] = Fate::Ended(!flow.nodes[node].fails);
        if !(flow.end_on_fail && run.fates.contains(&Fate::Ended(false))) {
            run.look_at(run.children(node));
        }
    }
    let ended = run.fates.iter().map(|fate| match fate {
        Fate::Ended(passed) => Some(*passed),
        Fate::Open | Fate::PassedOver | Fate::Started => None,
    });
    let passed = !run.fates.contains(&Fate::Ended(false));
    Story { ended: ended.collect(), starts: run.starts, passed }
}

impl Interpreter<'_> {
    /// Starts what can start among `nodes`. What can start, or is passed over, because a node among them was
    /// passed over comes after them.
    fn look_at(&mut self, nodes: Vec<usize>) {
        let mut queue = Vec::new();
        self.line_up(&mut queue, nodes);
        while !queue.is_empty() {
            let node = queue.remove(0);
            let edges = self.edges_into(node);
            let wanted = edges.is_empty() || edges.contains(&Some(true));
            if wanted && !self.flow.nodes[node].empty {
                self.fates[node] = Fate::Started;
                self.starts.push(node);
                self.working.push(node);
            } else {
                self.fates[node] = Fate::PassedOver;
                self.line_up(&mut queue, self.children(node));
            }
        }
    }

    /// Puts those nodes at the end of the queue of which every edge is decided, and nothing else is.
    fn line_up(&self, queue: &mut Vec<usize>, nodes: Vec<usize>) {
        for node in nodes {
            let is_due = self.fates[node] == Fate::Open && !self.edges_into(node).contains(&None);
            if is_due && !queue.contains(&node) {
                queue.push(node);
            }
        }
    }

    /// Below conditions the true children before the false ones.
    fn children(&self, node: usize) -> Vec<usize> {
        let targets = self.flow.edges.iter().filter(|edge| edge.0 == node).map(|edge| edge.1);
        let mut children: Vec<usize> = targets.collect();
        if self.flow.nodes[node].sides.is_some() {
            children.sort_by_key(|&child| match self.flow.nodes[child].start_if {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            });
        }
        children
    }

    /// Taken, dead, or not decided yet.
    fn edges_into(&self, node: usize) -> Vec<Option<bool>> {
        let into = self.flow.edges.iter().filter(|edge| edge.1 == node);
        into.map(|&(source, _)| match (self.fates[source], &self.flow.nodes[source].sides) {
            (Fate::Open | Fate::Started, _) => None,
            (Fate::PassedOver, _) => Some(false),
            (Fate::Ended(_), None) => Some(true),
            (Fate::Ended(_), Some(sides)) => {
                Some(self.flow.nodes[node].start_if.is_some_and(|side| sides.contains(&side)))
            }
        })
        .collect()
    }
}
