//! async_dag: closures of up to 12 inputs, joined by index, all polled in the caller's task.

use async_dag::Graph as AsyncDag;

use super::{Counter, Input, Prepared, Unfit, one_thread};

pub fn build(input: &Input) -> Result<Prepared, Unfit> {
    let counter = Counter::default();
    let mut dag = AsyncDag::new();
    let mut added = Vec::with_capacity(input.nodes);
    for parents in &input.parents {
        let counter = counter.clone();
        let task = match parents[..] {
            [] => dag.add_task(move || async move { counter.add() }),
            [_] => dag.add_task(move |(): ()| async move { counter.add() }),
            [_, _, _] => dag.add_task(move |(): (), (): (), (): ()| async move { counter.add() }),
            _ => return Err(Unfit),
        };
        for (place, &parent) in (0..).zip(parents) {
            dag.update_dependency(added[parent as usize], task, place).expect("types and indices fit");
        }
        added.push(task);
    }
    let runtime = one_thread();
    Ok(Box::new(move || {
        runtime.block_on(dag.run());
        counter.get()
    }))
}
