//! A node in an engine.

use std::sync::Arc;

use flowrun::{
    Context, Engine, Flow, NodeProblem, NodeSpec, Outcome, Placement, Role, RunRequest, RunStatus,
    SecretSource, Task, TaskExecutor, async_trait,
};
use serde_json::{Value, json};

use super::data::accepts;
use super::reports::{completes, passes};
use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::Ran;
use crate::executor_suite::verdict::Verdict;
use crate::script::{Script, ScriptedExecutor};

/// The task type of the node that hands objects over.
const SOURCE: &str = "executor-suite-source";

pub(super) async fn in_engine(suite: &ExecutorSuite, plain: &Ran) -> Verdict {
    let leaves_open = matches!(completes(suite, plain), Verdict::Broken(_));
    if leaves_open || passes(plain) != Verdict::Kept || accepts(suite, &suite.data) != Verdict::Kept {
        return Verdict::NotJudged("good data does not pass");
    }
    let mut node = NodeSpec::new("2", &*suite.task_type);
    for (key, value) in suite.data.as_object().into_iter().flatten() {
        if key != "id" && key != "task_type" {
            node = node.set(key, value);
        }
    }
    let objects: Vec<Value> = suite.facts.iter().map(|facts| json!({"facts": facts})).collect();
    let script = json!({"default": {"objects": objects}}).to_string();
    let script = Script::parse(&script).expect("facts are JSON objects");
    let engine = Engine::builder()
        .secrets(Given(suite.secrets.clone()))
        .executor(SOURCE, ScriptedExecutor::new(script, Role::Producer))
        .executor_as(&*suite.task_type, suite.role, Boxed(suite.executor()))
        .build();
    let flow = Flow::builder();
    let flow = if suite.role.takes_objects() {
        flow.node(NodeSpec::new("1", SOURCE)).node(node).edge("1", "2")
    } else {
        flow.node(node)
    };
    let ran = async {
        let flow = flow.build().map_err(|error| error.to_string())?;
        let engine = engine.map_err(|error| error.to_string())?;
        let run = engine
            .start(RunRequest::new(flow, suite.site.clone()))
            .await
            .map_err(|error| error.to_string())?;
        let run = tokio::time::timeout(suite.patience, run.result()).await;
        let run = run.map_err(|_| "the run did not end".to_owned())?.map_err(|error| error.to_string())?;
        let lines: Vec<&str> = run.logs().iter().map(|line| &*line.message).collect();
        if run.status() == RunStatus::Passed { Ok(()) } else { Err(format!("the run failed: {lines:?}")) }
    };
    match ran.await {
        Ok(()) => Verdict::Kept,
        Err(how) => Verdict::Broken(how),
    }
}

/// The same executor, boxed for an engine.
struct Boxed(Arc<dyn TaskExecutor>);

#[async_trait]
impl TaskExecutor for Boxed {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        Arc::clone(&self.0).execute(task, context).await
    }

    fn execute_now(&self, task: &Task, context: &Context) -> Option<Outcome> {
        self.0.execute_now(task, context)
    }

    fn placement(&self) -> Placement {
        self.0.placement()
    }

    fn check(&self, data: &str) -> Vec<NodeProblem> {
        self.0.check(data)
    }
}

/// The secrets of the suite, by name.
struct Given(Vec<(String, String)>);

impl SecretSource for Given {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}
