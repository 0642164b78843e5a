//! dagrs: a node is a task that waits on a channel from each parent and sends to each child.

use std::sync::Arc;

use dagrs::{
    Action, Content, DefaultNode, EnvVar, Graph as Dagrs, InChannels, Node, NodeTable, OutChannels, Output,
    async_trait::async_trait,
};

use super::{Counter, Input, Prepared, Unfit, two_workers};

struct Count(Counter);

#[async_trait]
impl Action for Count {
    async fn run(&self, from: &mut InChannels, to: &mut OutChannels, _: Arc<EnvVar>) -> Output {
        from.map(drop).await;
        self.0.add();
        to.broadcast(Content::new(())).await;
        Output::empty()
    }
}

pub fn build(input: &Input) -> Result<Prepared, Unfit> {
    let counter = Counter::default();
    let (mut dag, mut table) = (Dagrs::new(), NodeTable::new());
    let mut ids = Vec::with_capacity(input.nodes);
    for node in 0..input.nodes {
        let node = DefaultNode::with_action(node.to_string(), Count(counter.clone()), &mut table);
        ids.push(node.id());
        dag.add_node(node).expect("no id comes twice");
    }
    for (id, children) in ids.iter().zip(&input.children) {
        if !children.is_empty() {
            dag.add_edge(*id, children.iter().map(|&child| ids[child as usize]))
                .expect("both ends are there");
        }
    }
    dag.set_env(EnvVar::new(table));
    let runtime = two_workers();
    Ok(Box::new(move || {
        runtime.block_on(dag.async_start()).expect("no node fails");
        counter.get()
    }))
}
