//! Each crate, used as its documentation shows. A task adds one to a counter and does nothing else.

mod async_dag;
mod dag_exec;
mod dagrs;
mod dagx;
mod flowrun;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::flowrun::Flow;
use benches::document::{self, Detail};
use benches::graph::Graph;
use tokio::runtime::Runtime;

/// A crate in one way of using it.
pub struct Peer {
    pub name: &'static str,
    pub build: Build,
    /// Whether it starts from a document.
    pub reads_text: bool,
}

/// A graph in the forms the crates want it in, made before anything is measured.
pub struct Input {
    pub nodes: usize,
    /// The parents of each node, in the order of the edges.
    pub parents: Vec<Vec<u32>>,
    /// The children of each node.
    pub children: Vec<Vec<u32>>,
    /// The document and what is read from it, for those who start there.
    pub text: String,
    pub flow: Option<Flow>,
}

impl Input {
    pub fn new(graph: &Graph, with_text: bool) -> Self {
        let mut children = vec![Vec::new(); graph.nodes];
        for &(source, target) in &graph.edges {
            children[source as usize].push(target);
        }
        let text = if with_text { document::text(graph, Detail::Lean) } else { String::new() };
        let flow = with_text.then(|| document::flow(graph, Detail::Lean));
        Self { nodes: graph.nodes, parents: graph.parents(), children, text, flow }
    }
}

/// Puts the graph together. What comes back runs it once and tells how many tasks ran.
pub type Build = fn(&Input) -> Result<Prepared, Unfit>;
pub type Prepared = Box<dyn FnOnce() -> usize>;

/// The interface of the crate has no place for a node with that many parents.
#[derive(Debug)]
pub struct Unfit;

/// Everything that is compared.
pub const PEERS: [Peer; 8] = [
    Peer { name: "flowrun (plan)", build: flowrun::from_flow, reads_text: true },
    Peer { name: "flowrun (functions)", build: flowrun::of_functions, reads_text: true },
    Peer { name: "flowrun (text)", build: flowrun::from_text, reads_text: true },
    Peer { name: "async_dag 0.1.2", build: async_dag::build, reads_text: false },
    Peer { name: "dag_exec 0.1.1 sequential", build: dag_exec::sequential, reads_text: false },
    Peer { name: "dag_exec 0.1.1 parallel", build: dag_exec::parallel, reads_text: false },
    Peer { name: "dagx 0.3.1", build: dagx::build, reads_text: false },
    Peer { name: "dagrs 0.9.0", build: dagrs::build, reads_text: false },
];

/// How many tasks ran.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// For crates that poll everything in the caller's task.
fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers can be made")
}

/// For crates that spawn: what `#[tokio::main]` makes, with as many workers on every machine.
fn two_workers() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.expect("two threads can be started")
}
