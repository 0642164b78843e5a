//! What is asked of a store, and what comes back.

use std::path::PathBuf;

use flowrun::{RunEvent, RunId, RunState, RunStatus, RunSummary, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Told;
use crate::render::Reasons;

/// Version of what passes over the socket. Another number for every change that a program of the version before would
/// misread; the two ends have to have the same.
#[cfg(unix)]
pub(super) const VERSION: u32 = 1;

/// What the holder of a store says first.
#[cfg(unix)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Always `flowrun`.
    pub(super) program: String,
    /// Version of the program, for people.
    pub(super) version: String,
    /// Version of what passes over the socket.
    pub(super) protocol: u32,
    /// The process.
    pub(super) pid: u32,
}

/// What is asked, with the version of who asks.
#[cfg(unix)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) protocol: u32,
    pub(super) ask: Ask,
}

/// What a command wants of a store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// So many runs at most, the one created last first: [`Part::Run`] each.
    Runs { open: bool, limit: usize },
    /// The runs whose ids begin like this: [`Part::Run`] for the first three, and [`Part::Count`].
    Find { text: String },
    /// A run as it stands: its [events](Part::Event), if they are wanted, and [`Part::Stands`].
    Show { run: RunId, events: bool },
    /// The [events](Part::Event) after a number as they come, until the run is over or nobody drives it, and
    /// [`Part::Stands`].
    Watch { run: RunId, after: u64 },
    /// Why the nodes of a run are as they are, or a node and what is above it, after a record: [`Part::Explained`].
    Explain { run: RunId, at: Option<u64>, node: Option<String> },
    /// Cancel a run: [`Part::Document`].
    Cancel { run: RunId },
    /// Pause a run.
    Pause { run: RunId },
    /// Let a run go on, in the process that is asked: [`Part::GoesOn`], unless it is over.
    Resume { run: RunId },
    /// Do nodes of a run once more, in the process that is asked, the failed ones or from one on: [`Part::GoesOn`].
    Rerun { run: RunId, from: Option<String> },
    /// Delete a run that is over.
    Delete { run: RunId },
    /// Make an account with these limits: [`Part::Account`].
    CreateAccount { name: String, user: Option<String>, limits: Vec<(String, Option<u64>)> },
    /// [`Part::Account`] for each, in the order of their names.
    Accounts,
    /// Change limits of an account: [`Part::Account`].
    SetLimits { name: String, limits: Vec<(String, Option<u64>)> },
    /// Make a token of the account of this name: [`Part::NewToken`].
    CreateToken { account: String, scope: String, expires: Option<Timestamp> },
    /// [`Part::Token`] for each, or for each of the account of this name.
    Tokens { account: Option<String> },
    /// Take the token with this id back.
    RevokeToken { id: String },
    /// [`Part::Figures`].
    Stats,
    /// [`Part::Verified`].
    Verify,
    /// Copy the store to a file of this absolute path.
    Backup { to: PathBuf },
}

/// A part of an answer. [`Done`](Self::Done) or [`Failed`](Self::Failed) is the last one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// A run of a list.
    Run(Listed),
    /// How many there are.
    Count(usize),
    /// Something was decided.
    Event(Box<Event>),
    /// So many events are gone.
    Lagged(u64),
    /// How a run stands.
    Stands(Box<Standing>),
    /// A run goes on; what comes of it are the events after this number.
    GoesOn { after: u64 },
    /// A run as the wire shows it.
    Document(String),
    /// Why nodes are as they are, as JSON.
    Explained(Value),
    /// An account.
    Account(Box<AccountPart>),
    /// A token, apart from itself.
    Token(TokenPart),
    /// A token that was just made.
    NewToken { id: String, secret: String },
    /// Figures of the store, by their names.
    Figures(Vec<(String, u64)>),
    /// What a look at the whole store found.
    Verified(Verdict),
    /// That was all.
    Done,
    /// It could not be done.
    Failed(Told),
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: RunId,
    pub(crate) title: Option<String>,
    pub(crate) site: String,
    pub(crate) status: RunStatus,
    /// How it stands, in more words than the wire has.
    pub(crate) state: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) seq: u64,
}

impl Listed {
    pub(crate) fn new(run: RunSummary, state: RunState) -> Self {
        let RunSummary { id, title, site, created, updated, status, seq, .. } = run;
        Self { id, title, site, status, state: state.to_string(), created, updated, seq }
    }
}

/// A line of a journal, with what people want to know beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) event: RunEvent,
    /// What decided it, of a node that was skipped.
    pub(crate) why: Option<String>,
}

/// How a run stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) status: RunStatus,
    /// The same in more words than the wire has.
    pub(crate) state: String,
    /// Whether it was ended by its own deadline.
    pub(crate) has_timed_out: bool,
    /// As the wire shows it.
    pub(crate) document: String,
    /// Why nodes were skipped, by their ids.
    pub(crate) reasons: Reasons,
    /// The nodes that wait for a person.
    pub(crate) held: Vec<String>,
}

/// What a look at a whole store found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    pub(crate) runs: u64,
    pub(crate) lines: u64,
    pub(crate) problems: Vec<String>,
    pub(crate) not_replayed: Vec<String>,
}

/// An account with what it has and may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountPart {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) created: Timestamp,
    pub(crate) sites: u64,
    pub(crate) flows: u64,
    pub(crate) runs: u64,
    pub(crate) flowruns: u64,
    /// By the names that the API has for them.
    pub(crate) limits: Vec<(String, Option<u64>)>,
}

/// A token as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenPart {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) scope: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
}
