//! This project, the public way, with everything it keeps. Its build is the check of a flow, and from text the
//! reading before it.

use std::sync::Arc;

use benches::document::TASK_TYPE;
use benches::subjects::start;
use flowrun::{
    Context, Engine, EngineBuilder, Flow, Outcome, RunRequest, Site, Task, TaskExecutor, async_trait,
};

use super::{Counter, Input, Prepared, Unfit, one_thread};

struct Count(Counter);

#[async_trait]
impl TaskExecutor for Count {
    async fn execute(self: Arc<Self>, _: Task, _: Context) -> Outcome {
        self.0.add();
        Outcome::done()
    }
}

pub fn from_flow(input: &Input) -> Result<Prepared, Unfit> {
    Ok(build(flow_of(input), counting))
}

pub fn of_functions(input: &Input) -> Result<Prepared, Unfit> {
    Ok(build(flow_of(input), counting_at_once))
}

pub fn from_text(input: &Input) -> Result<Prepared, Unfit> {
    let flow = Flow::from_json(input.text.as_str()).expect("a measured document is well-formed");
    Ok(build(&flow, counting))
}

fn flow_of(input: &Input) -> &Flow {
    input.flow.as_ref().expect("the input was made with its text")
}

fn counting(counter: Counter) -> EngineBuilder {
    Engine::builder().executor(TASK_TYPE, Count(counter))
}

fn counting_at_once(counter: Counter) -> EngineBuilder {
    Engine::builder().function(TASK_TYPE, move |_, _| {
        counter.add();
        Outcome::done()
    })
}

fn build(flow: &Flow, engine: fn(Counter) -> EngineBuilder) -> Prepared {
    let counter = Counter::default();
    let engine = engine(counter.clone()).build();
    let engine = engine.expect("one executor with a name is an engine");
    let plan = engine.plan(flow).expect("a measured flow can run");
    let request = RunRequest::of_plan(plan, Site::new("https://example.com"));
    let runtime = one_thread();
    Box::new(move || {
        runtime.block_on(async {
            let run = start(&engine, request).await;
            run.wait().await.expect("a memory store takes every line");
        });
        counter.get()
    })
}
