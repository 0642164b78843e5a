//! A browser that runs: its process, the way to speak to it, and who listens.

use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use crate::attendant::{Attendant, auto_attach};
use crate::connection::{CallError, Connection};
use crate::process::Process;
use crate::profile::Profile;
use crate::{BrowserError, Installed, launch};

/// Time for a browser to say its first word. On a busy machine it may take seconds.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Of what a browser writes for people, the end is kept, in bytes.
const SAID: usize = 4 << 10;

/// A browser. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) connection: Connection,
    pub(crate) attendant: Attendant,
    pub(crate) process: Process,
    /// Its name and version: `HeadlessChrome/156.0.8078.114`.
    pub(crate) product: String,
    _said: JoinSet<()>,
}

#[derive(Deserialize)]
struct Version {
    product: String,
}

impl Browser {
    /// Starts a browser and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`BrowserError::Start`], [`BrowserError::EndedAtOnce`] or [`BrowserError::TimedOut`].
    pub(crate) async fn start(
        installed: &Installed,
        profile: Profile,
        sandbox: bool,
    ) -> Result<Self, BrowserError> {
        let command = launch::command(installed, profile.path(), sandbox);
        let path = installed.path().to_owned();
        let failed = |source| BrowserError::Start { path: path.clone(), source };
        let (process, commands, answers, stderr) = spawn(command, profile).await.map_err(failed)?;
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let mut listening = JoinSet::new();
        listening.spawn(keep_end(stderr, Arc::clone(&said)));
        let attendant = Attendant::default();
        let hearing = attendant.clone();
        let connection = Connection::open(answers, commands, move |event| hearing.hear(event));
        let mut browser = Self { connection, attendant, process, product: String::new(), _said: listening };
        match tokio::time::timeout(START_LIMIT, browser.greet()).await {
            Ok(Ok(())) => Ok(browser),
            Ok(Err(CallError::Closed)) => {
                browser.process.ended().await;
                let said = said.lock().unwrap_or_else(PoisonError::into_inner);
                Err(BrowserError::EndedAtOnce { path, said: complaint(&said) })
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(BrowserError::TimedOut { limit: START_LIMIT }),
        }
    }

    async fn greet(&mut self) -> Result<(), CallError> {
        let version: Version = self.connection.call(None, "Browser.getVersion", json!({})).await?;
        self.product = version.product;
        let _: serde_json::Value = self.connection.call(None, "Target.setAutoAttach", auto_attach()).await?;
        Ok(())
    }

    /// The first number of its version, for user agents: `156.0.0.0`, as browsers say it themselves.
    pub(crate) fn reduced_version(&self) -> String {
        let version = self.product.rsplit('/').next().unwrap_or_default();
        format!("{}.0.0.0", version.split('.').next().unwrap_or_default())
    }

    /// Ends it and waits until all of it is gone.
    pub(crate) async fn close(self) {
        self.process.kill().await;
    }
}

/// Starts a browser between two pipes.
async fn spawn(
    command: Command,
    profile: Profile,
) -> io::Result<(Process, pipe::Sender, pipe::Receiver, pipe::Receiver)> {
    let (commands_out, commands_in) = io::pipe()?;
    let (answers_out, answers_in) = io::pipe()?;
    let (process, stderr) = Process::start(command, commands_out.into(), answers_in.into(), profile).await?;
    let write = pipe::Sender::from_owned_fd(commands_in.into())?;
    let read = pipe::Receiver::from_owned_fd(answers_out.into())?;
    Ok((process, write, read, pipe::Receiver::from_owned_fd(stderr)?))
}

/// Reads all that is written, so that nothing blocks, and keeps the end.
async fn keep_end(mut stderr: pipe::Receiver, said: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(&buffer[..read]);
        let surplus = said.len().saturating_sub(SAID);
        said.drain(..surplus);
    }
}

/// The line that says why it ended: the last fatal one, or the last at all.
fn complaint(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines = || said.lines().rev().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let fatal = lines().find(|line| line.contains("FATAL") || line.contains("sandbox"));
    crate::logs::tame(fatal.or_else(|| lines().next()).unwrap_or_default())
}
