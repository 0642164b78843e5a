//! A server: an engine on a store, the repository in it, and what is under way.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use flowrun::{
    BuildError, Engine, EngineBuilder, Executors, OpenError, Rerun, ResumeError, RunFilter, RunHandle, RunId,
    SlotRequest, SqliteOptions, StoreError, TaskExecutor, TaskTypes,
};
use flowrun_artefacts::{ArtefactError, Artefacts};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::rate::Rates;
use crate::metrics::{Metered, Metrics};
use crate::repo::{AccountId, Repository, RepositoryError};
use crate::runs::{Board, Owned, Shares};
use crate::unavailable::Unavailable;
use crate::{ServerOptions, routes};

/// Collects what a server is made of.
#[derive(Debug)]
pub struct ServerBuilder {
    store: SqliteOptions,
    needs_token: bool,
    options: ServerOptions,
    executors: Executors,
    engine: EngineBuilder,
    #[cfg(feature = "failpoints")]
    wrapper: Option<StoreWrapper>,
    artefacts: Arc<OnceLock<Artefacts>>,
    keeps_artefacts: bool,
}

/// What stands between an engine and the store of its runs.
#[cfg(feature = "failpoints")]
pub type StoreWrapper = fn(Arc<flowrun::SqliteStore>) -> Box<dyn flowrun::Store>;

impl ServerBuilder {
    /// Sets how it answers.
    #[must_use]
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets what the server can do and with which secrets, in place of whatever was set before. A documented type without
    /// an executor is accepted all the same, and its nodes fail with a line that says so.
    #[must_use]
    pub fn executors(mut self, executors: Executors) -> Self {
        self.executors = executors;
        self
    }

    /// Adds the executor of a task type: [`Executors::executor`].
    #[must_use]
    pub fn executor(mut self, task_type: impl Into<String>, executor: impl TaskExecutor) -> Self {
        self.executors = self.executors.executor(task_type, executor);
        self
    }

    /// Has the server open what scans bring home, beside its store, and put it here for their executor. Then it serves it
    /// to the accounts of the runs, and deletes it with them.
    #[must_use]
    pub fn artefacts(mut self, artefacts: Arc<OnceLock<Artefacts>>) -> Self {
        self.keeps_artefacts = true;
        self.artefacts = artefacts;
        self
    }

    /// Refuses a store in which there is no token, before anything happens to it: for a server that others can reach.
    #[must_use]
    pub const fn require_token(mut self) -> Self {
        self.needs_token = true;
        self
    }

    /// Sets more of the engine: limits, a clock. Its store, its executors and how they share slots are the server's.
    #[must_use]
    pub fn engine(mut self, set: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        self.engine = set(self.engine);
        self
    }

    /// Has the engine work on the store as `wrapper` makes it: a test of what a server promises puts one between that
    /// breaks the promise.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn wrap_store(mut self, wrapper: StoreWrapper) -> Self {
        self.wrapper = Some(wrapper);
        self
    }

    /// Opens the store and goes on with the runs that are open in it.
    ///
    /// # Errors
    ///
    /// [`ServerError`] when the store cannot be opened, or the executors do not go together.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it resolves, some runs may have been taken up; they go on until the runtime ends.
    pub async fn open(self) -> Result<Server, ServerError> {
        let repo = self.repository()?;
        let shares = Shares::new(repo.clone());
        let share = {
            let shares = Arc::clone(&shares);
            move |request: &SlotRequest<'_>| shares.of(request)
        };
        let documented = TaskTypes::documented();
        let executors = documented.names().fold(self.executors, |executors, task_type| {
            if executors.task_types().names().any(|name| name == task_type) {
                return executors;
            }
            executors.executor(task_type, Unavailable)
        });
        let store = Arc::clone(repo.store());
        #[cfg(feature = "failpoints")]
        let store = self.wrapper.unwrap_or(|store| Box::new(store))(store);
        let metrics = Arc::new(Metrics::new());
        let engine = self.engine.executors(executors).store(Metered::new(store, Arc::clone(&metrics)));
        let engine = engine.max_concurrent(self.options.max_tasks).share_slots(share).build()?;
        if self.keeps_artefacts {
            open_artefacts(&self.artefacts, &repo)?;
        }
        let inner = Arc::new(Inner {
            artefacts: self.artefacts,
            repo,
            engine,
            shares,
            rates: self.options.rate_limit.map(Rates::new),
            options: self.options,
            board: Board::default(),
            metrics,
            tasks: Mutex::default(),
            is_draining: AtomicBool::new(false),
            drained: watch::Sender::new(false),
        });
        inner.recover().await?;
        let keep = inner.options.retention;
        if keep.age.is_some() || keep.count.is_some() {
            inner.retain_again_and_again(keep);
        }
        Ok(Server { inner })
    }

    fn repository(&self) -> Result<Repository, ServerError> {
        if !self.needs_token {
            return Ok(Repository::open_with(self.store.clone())?);
        }
        let repo = match Repository::open_with(self.store.clone().create(false)) {
            Err(RepositoryError::Open(OpenError::Missing(_))) => return Err(ServerError::NoToken),
            opened => opened?,
        };
        if repo.has_tokens()? { Ok(repo) } else { Err(ServerError::NoToken) }
    }
}

/// Opens what scans brought home, now that the store is ours, and forgets what belongs to runs that are gone.
fn open_artefacts(slot: &OnceLock<Artefacts>, repo: &Repository) -> Result<(), ServerError> {
    let artefacts = Artefacts::open(flowrun_artefacts::beside(repo.store().path()), Artefacts::LIMIT)?;
    let accounts = repo.clone();
    artefacts.owned_by(move |run| accounts.account_of(run.parse().ok()?).ok()?.map(|of| of.to_string()));
    let runs = flowrun::Store::runs(&**repo.store(), &RunFilter::default())?;
    let runs: BTreeSet<String> = runs.iter().map(|run| run.id.to_string()).collect();
    artefacts.retain_runs(|run| runs.contains(run))?;
    let _ = slot.set(artefacts);
    Ok(())
}

/// A server could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The store cannot be opened, or its accounts cannot be used.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// There is no token, and there has to be one ([`ServerBuilder::require_token`]).
    #[error("there is no token yet")]
    NoToken,
    /// What scans brought home cannot be opened.
    #[error(transparent)]
    Artefacts(#[from] ArtefactError),
    /// The executors do not go together.
    #[error("could not put the engine together")]
    Build(#[from] BuildError),
    /// Stored runs cannot be read.
    #[error("could not go on with stored runs")]
    Store(#[from] StoreError),
}

/// Flow runs over HTTP. Clones speak of the same server.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

/// What every request has in common.
pub(crate) struct Inner {
    /// What scans brought home, if it is kept.
    pub(crate) artefacts: Arc<OnceLock<Artefacts>>,
    pub(crate) repo: Repository,
    pub(crate) engine: Engine,
    pub(crate) shares: Arc<Shares>,
    pub(crate) options: ServerOptions,
    pub(crate) rates: Option<Rates>,
    pub(crate) board: Board,
    pub(crate) metrics: Arc<Metrics>,
    /// What goes on without a request.
    tasks: Mutex<JoinSet<()>>,
    is_draining: AtomicBool,
    /// Whether no run is driven any more.
    drained: watch::Sender<bool>,
}

impl Server {
    /// A server on the store at `path`, which is made where there is none. Accounts are in it, too.
    pub fn builder(path: impl AsRef<Path>) -> ServerBuilder {
        Self::builder_on(SqliteOptions::new(path))
    }

    /// A server on a store that is opened in this way, with the [tables](crate::tables) of accounts.
    pub fn builder_on(store: SqliteOptions) -> ServerBuilder {
        ServerBuilder {
            store,
            needs_token: false,
            options: ServerOptions::default(),
            executors: Executors::new(),
            engine: Engine::builder(),
            #[cfg(feature = "failpoints")]
            wrapper: None,
            artefacts: Arc::default(),
            keeps_artefacts: false,
        }
    }

    /// The accounts.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.inner.repo
    }

    /// The engine that does the runs.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Goes on with a stored run that nobody drives, as [`Engine::resume`] does, for its account: whoever watches the
    /// account's runs hears of it.
    ///
    /// # Errors
    ///
    /// As [`Engine::resume`].
    ///
    /// # Cancel safety
    ///
    /// As [`Engine::resume`].
    pub async fn resume(&self, run: RunId) -> Result<RunHandle, ResumeError> {
        let owned = self.owned(run);
        Ok(self.followed(self.inner.engine.resume(run).await?, owned))
    }

    /// Does nodes of a run once more, as [`Engine::rerun`] does, for its account: whoever watches the account's runs hears
    /// of it.
    ///
    /// # Errors
    ///
    /// As [`Engine::rerun`].
    ///
    /// # Cancel safety
    ///
    /// As [`Engine::rerun`].
    pub async fn rerun(&self, run: RunId, what: Rerun) -> Result<RunHandle, ResumeError> {
        let owned = self.owned(run);
        Ok(self.followed(self.inner.engine.rerun(run, what).await?, owned))
    }

    /// The account of a run, which is known before the run asks for its share; `None` where it was made by the command
    /// line, for no account.
    fn owned(&self, run: RunId) -> Option<(AccountId, Owned)> {
        let account = self.inner.repo.account_of(run).unwrap_or_else(|error| {
            tracing::warn!(%run, %error, "the account of a run cannot be read");
            None
        });
        account.map(|account| (account, self.inner.shares.owned(run, account)))
    }

    fn followed(&self, run: RunHandle, owned: Option<(AccountId, Owned)>) -> RunHandle {
        if let Some((account, owned)) = owned {
            self.inner.follow(account, run.clone(), owned);
        }
        run
    }

    /// The routes, to be mounted into another service. Paths begin with `/v1/ops`.
    pub fn router(&self) -> Router {
        routes::router(&self.inner)
    }

    /// Takes no more runs (503), and waits for the open ones. Those that have not ended within `grace` are parked:
    /// the next server on this store goes on with them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; runs end or park all the same.
    pub async fn shutdown(&self, grace: Duration) {
        self.inner.is_draining.store(true, Ordering::Release);
        self.inner.engine.shutdown(grace).await;
        let mut tasks = std::mem::take(&mut *self.inner.tasks());
        while tasks.join_next().await.is_some() {}
        self.inner.drained.send_replace(true);
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("store", self.inner.repo.store()).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// Waits until the server is shut down, and nothing more will happen.
    pub(crate) async fn drained(&self) {
        // The sender is there as long as the server is.
        let _ = self.drained.subscribe().wait_for(|drained| *drained).await;
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        // A panic elsewhere does not leave the set half changed.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that no request waits for. [`Server::shutdown`] does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        // Whoever is done makes room.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
