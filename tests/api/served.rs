//! A server on a port of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowrun::{Context, EffectClass, Outcome, Task, TaskExecutor, TaskTypes, async_trait};
use flowrun_server::{Limits, NewAccount, NewToken, Scope, Server, ServerOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{self, Client};
use crate::described;

/// What tasks do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// They work until they are told to stop.
    Stay,
    /// They are done at once.
    End,
}

#[async_trait]
impl TaskExecutor for Tasks {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        if *self == Self::Stay {
            context.cancelled().await;
        }
        Outcome::done()
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }
}

pub(crate) struct Served {
    pub(crate) server: Server,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    /// Kept for as long as the server is there, unless it is somebody else's.
    _folder: Option<TempDir>,
}

impl Served {
    /// A server as the recordings need it: every task that is started stays at work, and the proxy is trusted.
    pub(crate) async fn recorded() -> Self {
        Self::new(ServerOptions::new().trusted_proxy("127.0.0.0/8".parse().unwrap())).await
    }

    /// A server on a store of its own, on which every task stays at work.
    pub(crate) async fn new(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let served = Self::at(folder.path(), Tasks::Stay, options).await;
        Self { _folder: Some(folder), ..served }
    }

    /// A server on the store in this folder.
    pub(crate) async fn at(folder: &Path, tasks: Tasks, options: ServerOptions) -> Self {
        let mut builder = Server::builder(folder.join("runs.flowrun")).options(options);
        for task_type in TaskTypes::documented().names() {
            builder = builder.executor(task_type, tasks);
        }
        Self::of(builder.open().await.unwrap()).await
    }

    /// This server, which parks open runs as soon as it is to stop.
    pub(crate) async fn of(server: Server) -> Self {
        Self::patient(server, Duration::ZERO).await
    }

    /// This server, which gives open runs so long to end.
    pub(crate) async fn patient(server: Server, grace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let server = server.clone();
            async move { server.serve(listener, async { drop(stopped.await) }, grace).await }
        });
        let served = Self { server, address, stop, serving, _folder: None };
        described::learn(&served.description().await);
        served
    }

    /// What it says of itself.
    pub(crate) async fn description(&self) -> Value {
        let headers = [("host".to_owned(), self.address.to_string())];
        let document = client::send(self.address, "GET", "/openapi.json", headers, None).await;
        serde_json::from_str(&document.text).unwrap()
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new account, and somebody who may do everything in it.
    pub(crate) async fn account(&self, name: &str, limits: Limits) -> Client {
        let repo = self.server.repository();
        let user = format!("{}@example.com", name.to_lowercase());
        let account = NewAccount::new(name).user(user).limits(limits);
        let account = repo.create_account(account).await.unwrap().unwrap();
        let token = repo.create_token(account.id, Scope::Write, None).await.unwrap();
        Client::new(self.address, token.secret)
    }

    /// One more token of an account.
    pub(crate) async fn token(&self, account: &str, scope: Scope) -> NewToken {
        let repo = self.server.repository();
        let account = repo.account_named(account).unwrap().unwrap();
        repo.create_token(account.id, scope, None).await.unwrap()
    }

    /// Stops serving, and waits for that.
    pub(crate) async fn stop(self) {
        let Self { server, stop, serving, _folder, .. } = self;
        stop.send(()).unwrap();
        serving.await.unwrap();
        drop(server);
    }

    /// Tells the server to stop, and gives what ends when it has.
    pub(crate) fn begin_to_stop(self) -> (JoinHandle<()>, Server) {
        self.stop.send(()).unwrap();
        (self.serving, self.server)
    }

    /// The accounts and members that the recordings speak of.
    pub(crate) async fn tokens(&self) -> BTreeMap<&'static str, String> {
        let mut few = Limits::default();
        (few.sites_allowed, few.pages_allowed, few.flowruns_allowed) = (Some(1), Some(2), Some(2));
        let mut tokens = BTreeMap::new();
        for (name, limits) in [("A", Limits::default()), ("B", Limits::default()), ("L", few)] {
            tokens.insert(name, self.account(name, limits).await.token);
        }
        tokens.insert("MG", self.token("A", Scope::Read).await.secret);
        tokens
    }
}
