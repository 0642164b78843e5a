//! Scripts in an engine.

use std::future::pending;
use std::sync::Arc;

use flowrun::{Context, Engine, EngineBuilder, Executors, Outcome, Role, Task, TaskExecutor, async_trait};

use flowrun_sim::script::{Act, ActEnd, Script};

/// Does what a script says, on tokio's clock: with time paused, a month passes at once.
///
/// ```
/// use flowrun_testkit::script::{Script, ScriptedExecutor};
/// use flowrun::{Engine, Flow, NodeSpec, RunRequest, RunStatus, Site};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let script = Script::parse("[types.scan]\nafter = '30d'\nend = 'failed'")?;
/// let engine = ScriptedExecutor::engine(&script).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// assert_eq!(run.result().await?.status(), RunStatus::Failed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedExecutor {
    script: Arc<Script>,
    role: Role,
}

impl ScriptedExecutor {
    /// An executor for nodes of this role.
    #[must_use]
    pub fn new(script: impl Into<Arc<Script>>, role: Role) -> Self {
        Self { script: script.into(), role }
    }

    /// Executors by which this script does every documented task type and its own ones.
    #[must_use]
    pub fn executors(script: &Script) -> Executors {
        let types = script.run.task_types();
        let script = Arc::new(script.clone());
        types.names().fold(Executors::new(), |executors, name| {
            let role = types.role(name).unwrap_or(Role::Producer);
            executors.executor_as(name, role, Self::new(Arc::clone(&script), role))
        })
    }

    /// An engine of these [executors](Self::executors), with the script's limits and retries.
    #[must_use]
    pub fn engine(script: &Script) -> EngineBuilder {
        Engine::builder().executors(Self::executors(script)).policy(script.run.policy())
    }
}

#[async_trait]
impl TaskExecutor for ScriptedExecutor {
    async fn execute(self: Arc<Self>, task: Task, context: Context) -> Outcome {
        let Act { first, after, last, end, deaf } = self.script.act(&task, self.role);
        first.into_iter().for_each(|report| context.report(report));
        let wait = async {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            if end == ActEnd::Hangs {
                pending::<()>().await;
            }
        };
        let told = async {
            if deaf {
                pending::<()>().await;
            }
            context.cancelled().await;
        };
        tokio::select! {
            biased;
            () = wait => {}
            () = told => return Act::stopped(),
        }
        last.into_iter().for_each(|report| context.report(report));
        match end {
            ActEnd::Returns(outcome) => outcome,
            // Without the hook: nobody is to be told of a panic that the script asks for.
            ActEnd::Panics(message) => std::panic::resume_unwind(Box::new(message)),
            ActEnd::Hangs => unreachable!("nothing follows a wait without end"),
        }
    }
}
