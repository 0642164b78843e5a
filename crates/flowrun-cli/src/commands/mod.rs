//! One file per command, and the errors that end a command early.

mod account;
mod baseline;
mod bench;
mod check;
#[cfg(feature = "demo")]
mod demo;
mod graph;
mod keys;
mod outcomes;
mod resume;
mod run;
mod runs;
mod scan;
mod schema;
mod serve;
mod shown;
mod simulate;
mod store;
mod suite;
mod synth;
mod token;
mod tools;

pub(crate) use account::account;
pub(crate) use baseline::baseline;
pub(crate) use bench::bench;
pub(crate) use check::check;
#[cfg(feature = "demo")]
pub(crate) use demo::demo;
pub(crate) use graph::graph;
pub(crate) use keys::keys;
pub(crate) use outcomes::outcomes;
pub(crate) use resume::resume;
pub(crate) use run::run;
pub(crate) use runs::runs;
pub(crate) use scan::scan;
pub(crate) use schema::schema;
pub(crate) use serve::serve;
pub(crate) use simulate::simulate;
pub(crate) use store::store;
use suite::suite;
pub(crate) use synth::synth;
pub(crate) use token::token;
pub(crate) use tools::tools;

use std::borrow::Cow;
use std::io;

use flowrun::{ResumeError, RunError, RunId, StartError, StoreError};
use flowrun_artefacts::ArtefactError;
use flowrun_executors::scan::DiscoveryError;
use flowrun_server::{ParseIdError, ParseScopeError, RepositoryError, ServerError, TokenId};
use flowrun_sim::suite::CaseError;
use flowrun_sim::synth::SynthError;
use flowrun_store::OpenError;

use crate::access::{HeldError, Told};
use crate::configure::ConfigureError;
use crate::drive::{DriveError, exit_of_untouched};
use crate::exit::Exit;
use crate::hidden;
use crate::out::OutError;
use crate::screen::{Screen, WriteError};
use crate::store_file::FindError;
use crate::stored::StoredError;
use crate::target::NotAPage;
use crate::wiring::WiringError;

/// A command ended early. What is wrong with a flow is not an error here: it is drawn, and the command ends
/// with [`Exit::Refused`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The settings could not be gathered.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// A setting has a value that nothing can be done with.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// What scans bring home cannot be kept or found.
    #[error(transparent)]
    Artefacts(#[from] ArtefactError),
    /// Nothing is known of a page.
    #[error("nothing is known of page `{0}`: it has not been scanned with this store")]
    UnknownPage(String),
    /// A page has nothing to accept.
    #[error("page `{0}` has no picture that differs from its baseline")]
    NothingToAccept(String),
    /// A tool cannot be installed by this program.
    #[error("could not install the browser: {0}")]
    Install(String),
    /// A page is no address.
    #[error(transparent)]
    Page(#[from] NotAPage),
    /// No pages of the site were found.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A suite cannot be run.
    #[error(transparent)]
    Suite(#[from] CaseError),
    /// A folder for results cannot be made.
    #[error("could not make the folder `{name}`")]
    Folder {
        /// The path as given.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such synthetic flow.
    #[error(transparent)]
    Synth(#[from] SynthError),
    /// The run's configs are no JSON object.
    #[error("could not read the run's configs")]
    Configs(#[source] serde_json::Error),
    /// The run has no result.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// A store cannot be opened, or copied.
    #[error(transparent)]
    OpenStore(#[from] OpenError),
    /// No run, or no single one, is meant.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A stored run cannot be made out.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process that holds the store could not be asked.
    #[error(transparent)]
    Held(#[from] HeldError),
    /// The process that holds the store says that it cannot be done.
    #[error(transparent)]
    Told(#[from] Told),
    /// The run to be paused cannot be.
    #[error("could not pause run `{0}`")]
    Pause(RunId, #[source] ResumeError),
    /// The run to be cancelled cannot be.
    #[error("could not cancel run `{0}`")]
    Cancel(RunId, #[source] ResumeError),
    /// The run has no such node.
    #[error("the flow of run `{run}` has no node `{node}`")]
    NoNode {
        /// The run.
        run: RunId,
        /// The node that was named.
        node: String,
    },
    /// The journal of the run is not that long.
    #[error("run `{run}` has no record {at}: the last one is {last}")]
    NoRecord {
        /// The run.
        run: RunId,
        /// The record that was named.
        at: u64,
        /// The last one there is.
        last: u64,
    },
    /// A server cannot be opened on the store.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The accounts of a server cannot be used.
    #[error(transparent)]
    Accounts(#[from] RepositoryError),
    /// An account was named that there is not.
    #[error("there is no account `{0}`")]
    NoAccount(String),
    /// An account was named that there is already.
    #[error("there is an account `{0}` already")]
    AccountExists(String),
    /// The store has no accounts, and whoever has it open makes none.
    #[error("there are no accounts in the store `{}`, and the process that holds it makes none", .0.display())]
    NoAccounts(std::path::PathBuf),
    /// What was asked for by another process names no scope.
    #[error(transparent)]
    Scope(#[from] ParseScopeError),
    /// What was asked for by another process is no id.
    #[error(transparent)]
    Id(#[from] ParseIdError),
    /// A token was named that there is not.
    #[error("there is no token `{0}`")]
    NoToken(TokenId),
    /// Others could reach the server, and it knows nobody.
    #[error("`{0}` can be reached by others, and there is no token yet")]
    NoTokens(std::net::SocketAddr),
    /// The server cannot take connections.
    #[error("could not listen on `{address}`")]
    Serve {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing to run on.
    #[error("could not start the runtime")]
    Runtime(#[source] io::Error),
    /// There is no figure of that name.
    #[error(transparent)]
    NoFigure(#[from] flowrun_bench::NoFigureError),
    /// A figure is no number that JSON can hold.
    #[error("could not write the figures as JSON")]
    Figures(#[source] serde_json::Error),
    /// A picture needs figures for two sizes of a shape.
    #[error(
        "nothing to draw: a picture of growth needs runs of one shape at two sizes, such as `run layered`"
    )]
    NoPicture,
    /// The demo's servers could not be started.
    #[error("could not listen on loopback")]
    #[cfg_attr(not(feature = "demo"), expect(dead_code, reason = "only the demo listens"))]
    Listen(#[source] io::Error),
    /// The result could not be written to its file.
    #[error(transparent)]
    Out(#[from] OutError),
    /// The result could not be printed.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The longest message of an error, in characters.
const MAX_ERROR: usize = 4_000;

impl CommandError {
    /// Tells people, and gives the exit code that goes with it.
    pub(crate) fn show(self, screen: &Screen) -> Exit {
        match self {
            Self::Configure(ConfigureError::File(refused)) => refused.show(screen),
            other => {
                let Told { message, help, exit } = other.told();
                let help = help.map_or_else(String::new, |help| format!("; {help}"));
                // On one line, whatever the names in it hold.
                let told = crate::render::plain_up_to(MAX_ERROR, &format!("{message}{help}"));
                screen.note(&format!("error: {told}"));
                exit
            }
        }
    }

    /// The error in words, for people or another process.
    pub(crate) fn told(self) -> Told {
        if let Self::Told(told) = self {
            return told;
        }
        let (exit, help) = (self.exit(), self.help().map(Cow::into_owned));
        Told { message: hidden::shown(&format!("{:#}", anyhow::Error::from(self))), help, exit }
    }

    /// What to do about it, where the message does not say.
    fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::OpenStore(error)
            | Self::Accounts(RepositoryError::Open(error))
            | Self::Server(ServerError::Repository(RepositoryError::Open(error))) => {
                Some(error.help().into())
            }
            Self::Discovery(DiscoveryError::Robots { .. }) => {
                Some("try later, or give `--ignore-robots` where the site is your own".into())
            }
            Self::Discovery(DiscoveryError::NoSitemap { .. }) => Some("`--pages crawl` follows links".into()),
            Self::Held(error) => error.help().map(Cow::from),
            Self::NoAccount(_) => Some("`flowrun account create` makes one".into()),
            Self::NoAccounts(_) => Some("ask again when it has ended".into()),
            Self::NoToken(_) => Some("`flowrun token list` shows them".into()),
            Self::NoTokens(_) => Some("`flowrun token create` makes one".into()),
            Self::Store(error)
            | Self::Stored(StoredError::Store(error))
            | Self::Cancel(_, ResumeError::Store(error))
            | Self::Pause(_, ResumeError::Store(error))
            | Self::Drive(
                DriveError::Events(error)
                | DriveError::Run(RunError::Store(error))
                | DriveError::Resume(ResumeError::Store(error))
                | DriveError::Start(StartError::Store(error)),
            ) => error.help().map(Cow::from),
            Self::Find(FindError::Unknown { .. }) => Some("`flowrun runs list` shows the runs".into()),
            Self::Find(FindError::Ambiguous { .. }) => Some("give more of the id".into()),
            Self::Drive(DriveError::Abandoned { again: Some(again) }) => {
                Some(format!("go on by `{again}`").into())
            }
            _ => None,
        }
    }

    const fn exit(&self) -> Exit {
        match self {
            Self::Configure(_)
            | Self::Wiring(_)
            | Self::Page(_)
            | Self::Synth(_)
            | Self::Configs(_)
            | Self::Find(FindError::Ambiguous { .. })
            | Self::NoNode { .. }
            | Self::NoRecord { .. }
            | Self::NoFigure(_)
            | Self::AccountExists(_)
            | Self::Scope(_)
            | Self::Id(_)
            | Self::NoTokens(_)
            | Self::NoPicture => Exit::Usage,
            Self::Suite(error) => match error {
                CaseError::Malformed { .. } | CaseError::TwoScripts { .. } => Exit::Usage,
                CaseError::Flow { .. } => Exit::Refused,
                _ => Exit::NotFound,
            },
            Self::Drive(DriveError::Abandoned { .. }) => Exit::Interrupted,
            Self::Stored(error) => error.exit(),
            Self::Cancel(_, error) | Self::Pause(_, error) | Self::Drive(DriveError::Resume(error)) => {
                exit_of_untouched(error)
            }
            Self::Told(told) => told.exit,
            Self::Drive(_)
            | Self::Discovery(_)
            | Self::Held(_)
            | Self::OpenStore(_)
            | Self::Server(_)
            | Self::Accounts(_)
            | Self::NoAccount(_)
            | Self::NoAccounts(_)
            | Self::NoToken(_)
            | Self::Serve { .. }
            | Self::Find(_)
            | Self::Store(_)
            | Self::Runtime(_)
            | Self::Figures(_)
            | Self::Listen(_)
            | Self::Out(_)
            | Self::Folder { .. }
            | Self::Artefacts(_)
            | Self::UnknownPage(_)
            | Self::NothingToAccept(_)
            | Self::Install(_)
            | Self::Write(_) => Exit::NotFound,
        }
    }
}

/// Runs a future to its end on a runtime of its own. What was spawned and still runs then is left behind.
fn block_on<F: Future>(future: F) -> Result<F::Output, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(CommandError::Runtime)?;
    let output = runtime.block_on(future);
    // Whoever interrupted twice does not wait for a name that is being looked up on a blocking thread.
    runtime.shutdown_background();
    Ok(output)
}
