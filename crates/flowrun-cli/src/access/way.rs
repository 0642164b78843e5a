//! The way from a command to whoever answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowrun::{FlowRun, RunId, Timestamp};
use flowrun_server::{Repository, RepositoryError, Scope, TokenId};
use flowrun_store::OpenError;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::ask::{AccountPart, Ask, Listed, Part, TokenPart, Verdict};
use super::{Desk, Driver, HeldError};
use crate::commands::CommandError;
use crate::render::plain;
use crate::store_file::{FindError, StoreFile};

/// How often a store is looked at that is open and whose holder does not listen: it may be about to, or may be another
/// command that is done in a moment.
const TRIES: u32 = 20;

/// The time between two looks.
const BETWEEN: Duration = Duration::from_millis(25);

/// A store to ask, wherever it is open.
pub(crate) struct Access {
    path: PathBuf,
    way: Way,
}

enum Way {
    /// It is open in this process.
    Here(Arc<Desk>),
    /// Another process holds it. The connection that found that out takes the first question.
    #[cfg(unix)]
    There(std::sync::Mutex<Option<Box<super::client::Connection>>>),
}

impl Access {
    /// Opens the store, which has to be there, or finds the process that holds it.
    pub(crate) async fn open(path: &Path) -> Result<Self, CommandError> {
        Self::open_with(path, || Ok(Desk::new(StoreFile::open(path)?.store, Driver::Nobody))).await
    }

    /// Opens the store for its accounts, and makes it where there is none, or finds the process that holds it.
    pub(crate) async fn open_accounts(path: &Path) -> Result<Self, CommandError> {
        Self::open_with(path, || Ok(Desk::of_accounts(Repository::open(path)?))).await
    }

    async fn open_with(
        path: &Path,
        open: impl Fn() -> Result<Desk, CommandError>,
    ) -> Result<Self, CommandError> {
        let mut tries = 0;
        loop {
            let held = match open() {
                Ok(desk) => {
                    #[cfg(unix)]
                    super::endpoint::remove_left_behind(path);
                    return Ok(Self { path: path.to_owned(), way: Way::Here(Arc::new(desk)) });
                }
                Err(
                    held @ (CommandError::OpenStore(OpenError::AlreadyOpen { .. })
                    | CommandError::Accounts(RepositoryError::Open(OpenError::AlreadyOpen { .. }))),
                ) => held,
                Err(error) => return Err(error),
            };
            #[cfg(unix)]
            if let Some(connection) = super::client::Connection::open(path).await? {
                let way = Way::There(Some(Box::new(connection)).into());
                return Ok(Self { path: path.to_owned(), way });
            }
            tries += 1;
            if tries == TRIES {
                return Err(held);
            }
            sleep(BETWEEN).await;
        }
    }

    /// A store that this process has opened.
    pub(crate) fn of(file: StoreFile) -> Self {
        let desk = Arc::new(Desk::new(file.store, Driver::Nobody));
        Self { path: file.path, way: Way::Here(desk) }
    }

    /// The store as it was named.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, if this process has it open and may do with it what it likes; else who holds it.
    pub(crate) fn into_file(self) -> Result<StoreFile, Self> {
        match self.way {
            Way::Here(desk) => match Arc::try_unwrap(desk) {
                Ok(desk) => Ok(StoreFile { path: self.path, store: desk.into_store() }),
                // Somebody is still being answered.
                Err(desk) => Err(Self { path: self.path, way: Way::Here(desk) }),
            },
            #[cfg(unix)]
            way @ Way::There(_) => Err(Self { path: self.path, way }),
        }
    }

    /// Asks.
    pub(crate) fn ask(&self, ask: Ask) -> Answer {
        let (parts_in, parts) = mpsc::channel(64);
        let work: BoxFuture<'static, Result<(), CommandError>> = match &self.way {
            Way::Here(desk) => {
                let desk = Arc::clone(desk);
                Box::pin(async move {
                    desk.answer(ask, parts_in).await;
                    Ok(())
                })
            }
            #[cfg(unix)]
            Way::There(first) => {
                let first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                let store = self.path.clone();
                Box::pin(async move {
                    let connection = match first {
                        Some(connection) => Some(*connection),
                        None => super::client::Connection::open(&store).await?,
                    };
                    let connection = connection.ok_or(HeldError::Ended(store))?;
                    Ok(connection.ask(ask, parts_in).await?)
                })
            }
        };
        Answer { store: self.path.clone(), parts, work: Some(work) }
    }

    /// A run as the wire shows it, from its text.
    pub(crate) fn flow_run(&self, document: &str) -> Result<FlowRun, CommandError> {
        Ok(FlowRun::from_json(document).map_err(|_| HeldError::Garbled(self.path.clone()))?)
    }

    /// Cancels an open run and gives how it ended.
    pub(crate) async fn cancel(&self, run: RunId) -> Result<FlowRun, CommandError> {
        let document = self.ask(Ask::Cancel { run }).only(|part| match part {
            Part::Document(document) => Some(document),
            _ => None,
        });
        self.flow_run(&document.await?)
    }

    /// Why the nodes of a run are as they are, or a node and what is above it, after a record.
    pub(crate) async fn explain(
        &self,
        run: RunId,
        at: Option<u64>,
        node: Option<String>,
    ) -> Result<Value, CommandError> {
        let explained = |part| if let Part::Explained(explained) = part { Some(explained) } else { None };
        self.ask(Ask::Explain { run, at, node }).only(explained).await
    }

    /// Pauses an open run.
    pub(crate) async fn pause(&self, run: RunId) -> Result<(), CommandError> {
        self.ask(Ask::Pause { run }).done().await
    }

    /// Deletes a run that is over.
    pub(crate) async fn delete(&self, run: RunId) -> Result<(), CommandError> {
        self.ask(Ask::Delete { run }).done().await
    }

    /// Has the process that holds the store go on with a run, and gives the number of the last event before that;
    /// `None` when the run is over.
    pub(crate) async fn resume(&self, run: RunId) -> Result<Option<u64>, CommandError> {
        Ok(self.ask(Ask::Resume { run }).all(goes_on).await?.pop())
    }

    /// Has the process that holds the store do nodes of a run once more, and gives the number of the last event before
    /// that.
    pub(crate) async fn rerun(&self, run: RunId, from: Option<String>) -> Result<u64, CommandError> {
        self.ask(Ask::Rerun { run, from }).only(goes_on).await
    }

    /// Makes an account.
    pub(crate) async fn create_account(
        &self,
        name: String,
        user: Option<String>,
        limits: Vec<(String, Option<u64>)>,
    ) -> Result<AccountPart, CommandError> {
        self.ask(Ask::CreateAccount { name, user, limits }).only(account).await
    }

    /// Every account, in the order of their names.
    pub(crate) async fn accounts(&self) -> Result<Vec<AccountPart>, CommandError> {
        self.ask(Ask::Accounts).all(account).await
    }

    /// Changes limits of an account.
    pub(crate) async fn set_limits(
        &self,
        name: String,
        limits: Vec<(String, Option<u64>)>,
    ) -> Result<AccountPart, CommandError> {
        self.ask(Ask::SetLimits { name, limits }).only(account).await
    }

    /// Makes a token of an account, and gives its id and itself.
    pub(crate) async fn create_token(
        &self,
        account: String,
        scope: Scope,
        expires: Option<Timestamp>,
    ) -> Result<(String, String), CommandError> {
        let scope = scope.to_string();
        let token = |part| if let Part::NewToken { id, secret } = part { Some((id, secret)) } else { None };
        self.ask(Ask::CreateToken { account, scope, expires }).only(token).await
    }

    /// The tokens, or those of an account.
    pub(crate) async fn tokens(&self, account: Option<String>) -> Result<Vec<TokenPart>, CommandError> {
        let token = |part| if let Part::Token(token) = part { Some(token) } else { None };
        self.ask(Ask::Tokens { account }).all(token).await
    }

    /// Takes a token back.
    pub(crate) async fn revoke_token(&self, id: TokenId) -> Result<(), CommandError> {
        self.ask(Ask::RevokeToken { id: id.to_string() }).done().await
    }

    /// Figures of the store, by their names.
    pub(crate) async fn stats(&self) -> Result<Vec<(String, u64)>, CommandError> {
        let figures = |part| if let Part::Figures(figures) = part { Some(figures) } else { None };
        self.ask(Ask::Stats).only(figures).await
    }

    /// Looks at the whole store.
    pub(crate) async fn verify(&self) -> Result<Verdict, CommandError> {
        let verdict = |part| if let Part::Verified(verdict) = part { Some(verdict) } else { None };
        self.ask(Ask::Verify).only(verdict).await
    }

    /// Copies the store to a new file.
    pub(crate) async fn backup(&self, to: &Path) -> Result<(), CommandError> {
        // Whoever makes the file may be in another folder.
        let to = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
        self.ask(Ask::Backup { to }).done().await
    }

    /// The runs of the store, the one created last first.
    pub(crate) async fn runs(&self, open: bool, limit: usize) -> Result<Vec<Listed>, CommandError> {
        self.ask(Ask::Runs { open, limit }).all(run).await
    }

    /// The run that `text` means: its id, or a beginning of it that no other run shares.
    pub(crate) async fn find(&self, text: &str) -> Result<Listed, CommandError> {
        let mut answer = self.ask(Ask::Find { text: text.to_owned() });
        let (mut runs, mut count) = (Vec::new(), 0);
        while let Some(part) = answer.next().await? {
            match part {
                Part::Run(run) => runs.push(run),
                Part::Count(of) => count = of,
                _ => return Err(answer.unexpected()),
            }
        }
        match (runs.pop(), count) {
            (Some(run), 1) => Ok(run),
            (None, _) => Err(FindError::Unknown { text: plain(text), path: self.path.clone() }.into()),
            (Some(last), _) => {
                let like = runs.iter().chain([&last]).map(|run| run.id.to_string());
                let like = like.collect::<Vec<_>>().join(", ");
                Err(FindError::Ambiguous { text: plain(text), count, like }.into())
            }
        }
    }
}

fn account(part: Part) -> Option<AccountPart> {
    if let Part::Account(account) = part { Some(*account) } else { None }
}

fn goes_on(part: Part) -> Option<u64> {
    if let Part::GoesOn { after } = part { Some(after) } else { None }
}

fn run(part: Part) -> Option<Listed> {
    if let Part::Run(run) = part { Some(run) } else { None }
}

/// An answer, part by part.
pub(crate) struct Answer {
    store: PathBuf,
    parts: mpsc::Receiver<Part>,
    /// What makes the parts. It is done in the task that waits for them, so that nothing of it is left afterwards: a
    /// store that is open here is closed when the command ends.
    work: Option<BoxFuture<'static, Result<(), CommandError>>>,
}

impl Answer {
    /// The next part; `None` when that was all.
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, CommandError> {
        loop {
            let part = match &mut self.work {
                Some(work) => tokio::select! {
                    biased;
                    part = self.parts.recv() => part,
                    done = work => {
                        self.work = None;
                        done?;
                        continue;
                    }
                },
                None => self.parts.recv().await,
            };
            return match part {
                Some(Part::Failed(told)) => Err(told.into()),
                Some(Part::Done) => Ok(None),
                Some(part) => Ok(Some(part)),
                None => Err(HeldError::Ended(self.store.clone()).into()),
            };
        }
    }

    /// All parts, each of which is to be of one kind.
    pub(crate) async fn all<T>(mut self, kind: impl Fn(Part) -> Option<T>) -> Result<Vec<T>, CommandError> {
        let mut all = Vec::new();
        while let Some(part) = self.next().await? {
            all.push(kind(part).ok_or_else(|| self.unexpected())?);
        }
        Ok(all)
    }

    /// The only part.
    pub(crate) async fn only<T>(self, kind: impl Fn(Part) -> Option<T>) -> Result<T, CommandError> {
        let garbled = self.unexpected();
        self.all(kind).await?.pop().ok_or(garbled)
    }

    /// Waits for an answer that has no parts.
    pub(crate) async fn done(self) -> Result<(), CommandError> {
        self.all(|_| None::<()>).await.map(drop)
    }

    /// That a part is none that answers the question.
    pub(crate) fn unexpected(&self) -> CommandError {
        HeldError::Garbled(self.store.clone()).into()
    }
}
