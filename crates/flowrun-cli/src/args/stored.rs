//! Arguments of the commands on stored runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The store that a command works on.
#[derive(Debug, Args)]
pub(crate) struct StoreArg {
    /// File of the store.
    #[arg(long = "store", value_name = "FILE")]
    pub(crate) path: PathBuf,
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
