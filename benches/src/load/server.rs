//! Servers in processes of their own: the one that is measured, and one whose routes answer a constant.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use flowrun::{Context, EffectClass, Outcome, Task, TaskExecutor, TaskTypes, async_trait};
use flowrun_server::{NewAccount, Scope, Server};
use tokio::net::TcpListener;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// flowrun, whose tasks are done at once.
    Ends,
    /// flowrun, whose tasks stay at work until they are told to stop.
    Stays,
    /// Routes that answer a constant of so many bytes; the one for POST reads its body.
    Constant(usize),
}

/// The word that makes a binary a server instead: `serve KIND FOLDER`.
pub const SERVE: &str = "serve";

/// A server in a process of its own, which ends with this.
pub struct Process {
    child: Child,
    /// `HOST:PORT`.
    pub address: String,
    /// The token of somebody who may do everything; of no use for constants.
    pub token: String,
}

impl Process {
    /// Starts this binary again as a server, which keeps its store in `folder`.
    #[must_use]
    pub fn start(kind: Kind, folder: &Path) -> Self {
        let own = std::env::current_exe().expect("this binary knows where it is");
        let kind = match kind {
            Kind::Ends => "ends".to_owned(),
            Kind::Stays => "stays".to_owned(),
            Kind::Constant(bytes) => bytes.to_string(),
        };
        let mut command = Command::new(own);
        command.arg(SERVE).arg(kind).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this binary can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        let mut line = || lines.next().expect("it says where it listens").expect("it is text");
        Self { address: line(), token: line(), child }
    }

    /// Bytes of memory that the process holds now.
    #[must_use]
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("this is Linux, and the server is there");
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB")?.trim().parse::<u64>().ok());
        kibibytes.expect("Linux says how much") << 10
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends when nothing can come any more.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

struct Work {
    stays: bool,
}

#[async_trait]
impl TaskExecutor for Work {
    async fn execute(self: Arc<Self>, _: Task, context: Context) -> Outcome {
        if self.stays {
            context.cancelled().await;
        }
        Outcome::done()
    }

    fn effect(&self) -> EffectClass {
        EffectClass::Read
    }
}

/// What the process does: serves until standard input ends.
///
/// # Errors
///
/// A line for whoever called it by hand.
pub fn serve(kind: &str, folder: &Path, mut told: impl FnMut(&str)) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let text = |error: &dyn std::error::Error| error.to_string();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| text(&error))?;
        told(&listener.local_addr().map_err(|error| text(&error))?.to_string());
        let stop = async {
            let wait = || std::io::stdin().read_to_end(&mut Vec::new());
            let _ = tokio::task::spawn_blocking(wait).await;
        };
        if let Ok(bytes) = kind.parse() {
            told("");
            let answer = "x".repeat(bytes);
            let found = answer.clone();
            let router = Router::new()
                .route("/", get(async move || found.clone()))
                .route("/", post(async move |_: Bytes| (StatusCode::CREATED, answer.clone())));
            let serving = axum::serve(listener, router);
            tokio::select! {
                served = serving => return served.map_err(|error| text(&error)),
                () = stop => return Ok(()),
            }
        }
        let mut builder = Server::builder(folder.join("runs.flowrun"));
        for task_type in TaskTypes::documented().names() {
            builder = builder.executor(task_type, Work { stays: kind == "stays" });
        }
        let server = builder.open().await.map_err(|error| text(&error))?;
        let accounts = server.repository();
        let account = match accounts.account_named("load").map_err(|error| text(&error))? {
            Some(account) => account,
            None => {
                let made =
                    accounts.create_account(NewAccount::new("load")).await.map_err(|error| text(&error))?;
                made.ok_or("the account was made twice")?
            }
        };
        let token =
            accounts.create_token(account.id, Scope::Write, None).await.map_err(|error| text(&error))?;
        told(&token.secret);
        server.serve(listener, stop, Duration::ZERO).await;
        Ok(())
    })
}
