//! dagx: typed tasks of up to 8 inputs, layer by layer, a spawn for each task of a layer.

use dagx::{DagRunner, Task, TaskHandle, task};

use super::{Counter, Input, Prepared, Unfit, two_workers};

struct Root(Counter);

#[task]
impl Root {
    async fn run(&self) -> u32 {
        self.0.add();
        1
    }
}

struct AfterOne(Counter);

#[task]
impl AfterOne {
    async fn run(&self, _first: &u32) -> u32 {
        self.0.add();
        1
    }
}

struct AfterThree(Counter);

#[task]
impl AfterThree {
    async fn run(&self, _first: &u32, _second: &u32, _third: &u32) -> u32 {
        self.0.add();
        1
    }
}

pub fn build(input: &Input) -> Result<Prepared, Unfit> {
    let counter = Counter::default();
    let dag = DagRunner::new();
    let mut handles: Vec<TaskHandle<u32>> = Vec::with_capacity(input.nodes);
    for parents in &input.parents {
        let counter = counter.clone();
        let of = |parent: u32| &handles[parent as usize];
        let handle = match parents[..] {
            [] => dag.add_task(Root(counter)).into(),
            [only] => dag.add_task(AfterOne(counter)).depends_on(of(only)),
            [first, second, third] => {
                dag.add_task(AfterThree(counter)).depends_on((of(first), of(second), of(third)))
            }
            _ => return Err(Unfit),
        };
        handles.push(handle);
    }
    let runtime = two_workers();
    Ok(Box::new(move || {
        let spawn = |task| drop(tokio::spawn(task));
        runtime.block_on(dag.run(spawn)).expect("no task fails");
        counter.get()
    }))
}
