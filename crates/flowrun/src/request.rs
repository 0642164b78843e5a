//! What a run is started with, and why it may be refused.

use std::any::Any;
use std::sync::Arc;

use flowrun_core::{Flow, Plan, PlanError, RunId, RunPolicy, Site};
use flowrun_store::StoreError;
use serde_json::value::RawValue;

use crate::launch::NotLaunched;

/// What to run, and on which site.
///
/// ```
/// use flowrun::{Flow, NodeSpec, RunRequest, Site};
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
/// let request = RunRequest::new(flow, Site::new("https://example.com")).configs(r#"{"end_on_fail":false}"#)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunRequest {
    pub(crate) what: What,
    pub(crate) site: Arc<Site>,
    pub(crate) id: Option<RunId>,
    pub(crate) configs: Option<Box<RawValue>>,
    pub(crate) policy: Option<RunPolicy>,
    pub(crate) host_data: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Flow(Flow),
    Plan(Arc<Plan>),
}

impl RunRequest {
    /// Runs a flow, which is checked first.
    #[must_use]
    pub fn new(flow: Flow, site: impl Into<Arc<Site>>) -> Self {
        Self::of(What::Flow(flow), site.into())
    }

    /// Runs a plan that was made before, by the engine or its [`Executors`](crate::Executors). Its graph is not checked again; the
    /// executors look at their nodes once more, as what they need may have gone meanwhile.
    #[must_use]
    pub fn of_plan(plan: impl Into<Arc<Plan>>, site: impl Into<Arc<Site>>) -> Self {
        Self::of(What::Plan(plan.into()), site.into())
    }

    const fn of(what: What, site: Arc<Site>) -> Self {
        Self { what, site, id: None, configs: None, policy: None, host_data: None }
    }

    /// Sets the id of the run. Default: a random UUID.
    #[must_use]
    pub const fn id(mut self, id: RunId) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the run's configs, a JSON object. Default: [`DEFAULT_CONFIGS`](crate::DEFAULT_CONFIGS).
    ///
    /// # Errors
    ///
    /// When the text is no JSON object.
    pub fn configs(mut self, json: impl Into<String>) -> Result<Self, serde_json::Error> {
        let json = json.into();
        let _: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&json)?;
        self.configs = Some(RawValue::from_string(json)?);
        Ok(self)
    }

    /// Sets limits and retries. Default: the engine's.
    #[must_use]
    pub fn policy(mut self, policy: RunPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets what the host's part of the store is to know of the run, such as the account it is for: it is handed over
    /// with the transaction that stores the run (`HostTables::on_change`), and not stored itself.
    #[must_use]
    pub fn host_data(mut self, data: impl Any + Send + Sync) -> Self {
        self.host_data = Some(Arc::new(data));
        self
    }
}

/// A run was not started. Nothing ran.
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, Site, StartError};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "paint")).build()?;
/// let refused = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await;
/// assert!(matches!(refused, Err(StartError::Refused(problems)) if problems.problems().len() == 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The flow cannot run here. Every problem is listed.
    #[error(transparent)]
    Refused(#[from] PlanError),
    /// The run's journal could not be opened.
    #[error("could not open the run's journal")]
    Store(#[from] StoreError),
    /// There is no tokio runtime here to drive the run.
    #[error("there is no tokio runtime to drive the run")]
    NoRuntime,
    /// The engine takes no more runs.
    #[error("the engine is shut down")]
    ShutDown,
    /// Where secrets come from has panicked. Without them nothing can be taken out of what is recorded.
    #[error("the secrets could not be read: their source panicked: {0}")]
    Secrets(String),
    /// The runtime was shut down, or the driver panicked, before the run was stored.
    #[error("the run lost its driver")]
    Lost,
}

impl From<NotLaunched> for StartError {
    fn from(why: NotLaunched) -> Self {
        match why {
            NotLaunched::NoRuntime => Self::NoRuntime,
            NotLaunched::ShutDown => Self::ShutDown,
            NotLaunched::Secrets(message) => Self::Secrets(message),
            NotLaunched::Store(error) => Self::Store(error),
            NotLaunched::Lost => Self::Lost,
        }
    }
}
