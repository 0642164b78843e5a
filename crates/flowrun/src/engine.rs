//! The engine: executors, a store, and the runs they do.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{Event, Run, RunId, RunSpec, TaskTypes};
use flowrun_store::NewRun;
use futures::future::join_all;

use crate::executors::Executors;
use crate::failpoint::failpoint;
use crate::handle::RunHandle;
use crate::inner::Inner;
use crate::launch::Ready;
use crate::progress::Request;
use crate::request::{RunRequest, StartError, What};

/// Runs flows. Cloning gives another handle to the same engine.
///
/// The engine brings no runtime: runs are driven on the tokio runtime that [`start`](Self::start) is called
/// in, one task a run. A run that outlives its process is taken up again by [`recover`](Self::recover) or
/// [`resume`](Self::resume).
///
/// ```
/// use flowrun::{Engine, Flow, NodeSpec, Outcome, RunRequest, RunStatus, Site};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().function("greet", |_, _| Outcome::done()).build()?;
/// let flow = Flow::builder().node(NodeSpec::new("1", "greet")).build()?;
/// let run = engine.start(RunRequest::new(flow, Site::new("https://example.com"))).await?;
/// assert_eq!(run.wait().await?, RunStatus::Passed);
/// engine.shutdown(std::time::Duration::from_secs(1)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// What this engine can do.
    #[must_use]
    pub fn executors(&self) -> &Executors {
        &self.inner.executors
    }

    /// The task types this engine can do.
    #[must_use]
    pub fn task_types(&self) -> &TaskTypes {
        self.inner.executors.task_types()
    }

    /// Whether runs are lost when the process ends.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        self.inner.store.is_volatile()
    }

    /// Starts a run on the current tokio runtime, and returns once its beginning is stored: from then on it
    /// survives the process, as far as the store does. It goes on by itself; the handle watches it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing has run then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, the run may or may not have been started; if so, it goes on.
    pub async fn start(&self, request: RunRequest) -> Result<RunHandle, StartError> {
        let inner = &self.inner;
        let plan = match request.what {
            What::Flow(flow) => inner.plan(&flow)?,
            What::Plan(plan) => plan,
        };
        let executors = inner.node_executors(&plan)?;
        let id = request.id.unwrap_or_else(|| RunId::from_bytes(uuid::Uuid::new_v4().into_bytes()));
        let mut spec = RunSpec::new(id, inner.clock.now(), request.site);
        spec.configs = request.configs;
        spec.policy = request.policy.unwrap_or_else(|| inner.policy.clone()).slots(inner.slots.are_limited());
        let title = plan.flow().title().map(Cow::into_owned);
        let new = NewRun::new(spec.clone(), plan.flow().shared_json()).with_title(title);
        let new = match request.host_data {
            Some(data) => new.with_shared_host_data(data),
            None => new,
        };
        let launched = {
            let store = inner.store.borrow().ok_or(StartError::ShutDown)?;
            let secrets = inner.executors.secrets_of(plan.flow()).map_err(StartError::Secrets)?;
            let journal = store.create(new.with_secrets(secrets))?;
            failpoint!("c0");
            let run = Run::new(plan, spec);
            inner.launch(store.id(), Ready { run, journal, executors, first: Event::Started })?
        };
        let handle = launched.stored().await?;
        failpoint!("c1");
        Ok(handle)
    }

    /// Takes no more runs, and waits for the open ones. What has not ended within `grace` is left as it is:
    /// its executors are told to stop and dropped, and [`RunHandle::result`] gives
    /// [`RunError::Parked`](crate::RunError::Parked).
    ///
    /// When it returns, nothing of the engine holds the store: the file of an `SqliteStore` can be opened anew. With one
    /// exception: an executor that computes on the thread of its driver without ever awaiting anything, and does not
    /// look at [`Context::is_cancelled`](crate::Context::is_cancelled), cannot be dropped. It is waited for as long as
    /// [`EngineBuilder::grace`](crate::EngineBuilder::grace) gives it beyond `grace`; after that its run holds the store until it returns.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the engine stays shut down and the runs end or park all the
    /// same. Call it again to wait for that, and to let go of the store.
    pub async fn shutdown(&self, grace: Duration) {
        let inner = &self.inner;
        let runs = {
            let mut open = inner.open();
            open.is_shut_down = true;
            open.runs.values().cloned().collect::<Vec<_>>()
        };
        let at = inner.clock.now().after(grace);
        // First, for an executor that keeps the driver busy and looks at it.
        runs.iter().for_each(|run| run.stops.shut_down_at(at));
        let parked = async {
            // All at once: one driver that does not come to its requests keeps no other one from its own. One that is
            // gone needs no telling.
            let _ = join_all(runs.iter().map(|run| run.requests.send(Request::Park(grace)))).await;
            inner.changed.until(|| inner.open().runs.is_empty().then_some(())).await;
        };
        if tokio::runtime::Handle::try_current().is_ok() {
            if tokio::time::timeout(grace.saturating_add(inner.grace), parked).await.is_err() {
                // A driver that has told its executors is done with them, and at most waits for the disk.
                let are_stuck = || inner.open().runs.values().all(|run| !run.stops.has_stopped_all());
                inner.changed.until(|| are_stuck().then_some(())).await;
            }
        } else {
            // Without a runtime there are no drivers that could be stuck, and no timers.
            parked.await;
        }
        inner.store.let_go().await;
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.task_types().names().collect::<Vec<_>>();
        f.debug_struct("Engine").field("task_types", &types).finish_non_exhaustive()
    }
}
