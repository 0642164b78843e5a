//! Arguments of the commands on stored runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SettingArgs;
use crate::settings::{self, SecretArg};

/// The store that a command works on.
#[derive(Debug, Args)]
pub(crate) struct StoreArg {
    /// File of the store.
    #[arg(long = "store", value_name = "FILE")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// The run to go on with, by its id or the beginning of it [default: every open run that can].
    /// Naming a run also lets nodes go on that wait for a person.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) with: WithArgs,
}

/// What runs that go on are given. Values of settings and secrets are not stored; where another process holds the store,
/// it is that process that drives the run, with its own.
#[derive(Debug, Args)]
pub(crate) struct WithArgs {
    /// A value for templates: NAME=VALUE, or NAME to take it from FLOWRUN_SECRET_NAME or be asked.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secrets: Vec<SecretArg>,
    /// Print the JSON of the run instead of a table; several runs are a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List the runs of a store, the one created last first.
    List(ListArgs),
    /// Show a run as it stands.
    Show(ShowArgs),
    /// Say why each node ran, was skipped, waits or failed.
    Explain(ExplainArgs),
    /// Watch a run to its end, from its beginning on.
    Watch(ShowArgs),
    /// Cancel a run that is open.
    Cancel(StoredArgs),
    /// Pause a run: nothing new starts, what works may finish.
    Pause(StoredArgs),
    /// Let a run go on that is paused, waits for a person, or was left behind, and watch it to its end.
    Resume(Box<ResumeOneArgs>),
    /// Do nodes of a run that is over once more, and everything below them.
    Rerun(Box<RerunArgs>),
    /// Delete a run that is over. Its id stays taken.
    Delete(StoredArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// Only runs that are not over.
    #[arg(long)]
    pub(crate) open: bool,
    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Print the list as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// One run of a store.
#[derive(Debug, Args)]
pub(crate) struct StoredArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// The run, by its id or the beginning of it.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) of: StoredArgs,
    /// Print the run's journal instead, one JSON object a line: every decision, also attempts that died.
    #[arg(long, conflicts_with = "json")]
    pub(crate) journal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) of: StoredArgs,
    /// As the run was after this record of its journal [default: the last one].
    #[arg(long, value_name = "RECORD")]
    pub(crate) at: Option<u64>,
    /// Only this node, and those above it that its explanation leads back to.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct ResumeOneArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// The run, by its id or the beginning of it.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) with: WithArgs,
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct RerunArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// The run, by its id or the beginning of it.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Once more what failed. This is the default.
    #[arg(long, conflicts_with = "from")]
    pub(crate) failed: bool,
    /// Once more this node, however it ended.
    #[arg(long, value_name = "NODE")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) with: WithArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check every run of a store: its journal against its state, and the chain of hashes.
    Verify(InspectArgs),
    /// Copy a store to a new file, whole and consistent.
    Backup(BackupArgs),
    /// Say how much a store holds.
    Stats(InspectArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) store: StoreArg,
    /// The copy, a file that does not exist yet.
    pub(crate) out: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
