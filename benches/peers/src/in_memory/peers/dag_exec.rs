//! dag_exec: closures over the values of their parents, in the caller's thread or on two of its own.

use std::sync::Arc;

use dag_exec::{Dag, DagBuilder, Executor, ExecutorConfig};

use super::{Counter, Input, Prepared, Unfit};

type Counted = Dag<u32, (), ()>;

pub fn sequential(input: &Input) -> Result<Prepared, Unfit> {
    let (dag, sinks, counter) = build(input);
    Ok(Box::new(move || {
        let executor = Executor::new(ExecutorConfig::default());
        executor.run_sequential(&dag, sinks).expect("no task fails");
        counter.get()
    }))
}

pub fn parallel(input: &Input) -> Result<Prepared, Unfit> {
    let (dag, sinks, counter) = build(input);
    Ok(Box::new(move || {
        let executor = Executor::new(ExecutorConfig { max_workers: 2, ..ExecutorConfig::default() });
        executor.run_parallel(&dag, sinks).expect("no task fails");
        counter.get()
    }))
}

/// The graph, the nodes that nothing depends on (asking for them runs everything), and the counter.
fn build(input: &Input) -> (Counted, Vec<u32>, Counter) {
    let counter = Counter::default();
    let mut builder = DagBuilder::new();
    for (node, parents) in (0_u32..).zip(&input.parents) {
        let counter = counter.clone();
        let task = move |_: &[Arc<()>]| {
            counter.add();
            Ok(())
        };
        builder.add_task(node, parents.clone(), task).expect("no key comes twice");
    }
    let sinks = (0_u32..).zip(&input.children).filter(|(_, children)| children.is_empty());
    let sinks = sinks.map(|(node, _)| node);
    (builder.build().expect("the graph is whole"), sinks.collect(), counter)
}
