//! Arguments of the server, and of the commands on its accounts and tokens.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use flowrun_server::{Scope, TokenId};
use ipnet::IpNet;

use super::SettingArgs;
use super::values::{duration, lifetime, name, network, origin};
use crate::settings::{self, SecretArg};

/// The store of a server.
#[derive(Debug, Args)]
pub(crate) struct ServerStoreArg {
    /// File of the store, which holds accounts and their runs.
    #[arg(long = "store", value_name = "FILE", default_value = "runs.flowrun")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = settings::HELP)]
pub(crate) struct ServeArgs {
    /// Where to listen. An address that others can reach needs a token to be there first.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) store: ServerStoreArg,
    /// How long open runs and requests may go on when the server is to end; what has not ended is parked, and
    /// the next server goes on with it.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
    /// Requests that a token may make in a second [default: no limit].
    #[arg(long, value_name = "REQUESTS")]
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// Runs that are over and are kept, those that ended last; older ones are deleted [default: all].
    #[arg(long, value_name = "COUNT")]
    pub(crate) keep: Option<usize>,
    /// How long runs that are over are kept, such as 90d [default: for ever].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) keep_for: Option<Duration>,
    /// Most tasks at work at a time; accounts and their sites have fair shares of them.
    #[arg(long, value_name = "COUNT", default_value = "256")]
    pub(crate) max_tasks: NonZeroUsize,
    /// A proxy, or a network of them, that is believed when it says how it was called; may be repeated.
    #[arg(long = "trust-proxy", value_name = "NETWORK", value_parser = network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// An origin that browsers may call from, such as https://app.example.com; may be repeated.
    #[arg(long = "origin", value_name = "ORIGIN", value_parser = origin)]
    pub(crate) origins: Vec<String>,
    /// A value for templates: NAME=VALUE, or NAME to take it from FLOWRUN_SECRET_NAME or be asked.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secrets: Vec<SecretArg>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    pub(crate) command: AccountCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account.
    Create {
        /// Its name.
        #[arg(value_parser = name)]
        name: String,
        /// The name of its user, as it stands in flows and runs [default: the account's name].
        #[arg(long, value_parser = name)]
        user: Option<String>,
        #[command(flatten)]
        limits: LimitArgs,
        #[command(flatten)]
        store: ServerStoreArg,
    },
    /// List the accounts with what they have and may have.
    List {
        /// Print the list as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: ServerStoreArg,
    },
    /// Change what an account may have.
    Limits {
        /// Its name.
        name: String,
        #[command(flatten)]
        limits: LimitArgs,
        #[command(flatten)]
        store: ServerStoreArg,
    },
}

/// What an account may have: a number, or `none` for no limit.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits, each a number or `none`")]
pub(crate) struct LimitArgs {
    /// Sites.
    #[arg(long, value_name = "COUNT")]
    pub(crate) sites: Option<LimitArg>,
    /// Pages of each site.
    #[arg(long, value_name = "COUNT")]
    pub(crate) pages: Option<LimitArg>,
    /// Runs, counted for good.
    #[arg(long, value_name = "COUNT")]
    pub(crate) flowruns: Option<LimitArg>,
    /// Nodes of a flow that is run.
    #[arg(long, value_name = "COUNT")]
    pub(crate) nodes: Option<LimitArg>,
    /// Conditions of each node of a flow that is run.
    #[arg(long, value_name = "COUNT")]
    pub(crate) conditions: Option<LimitArg>,
    /// Tasks at work at the same time, at least 1; more of them wait.
    #[arg(long, value_name = "COUNT", value_parser = concurrency)]
    pub(crate) concurrency: Option<LimitArg>,
}

/// A limit, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitArg(pub(crate) Option<u64>);

impl std::str::FromStr for LimitArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        text.parse().map(|limit| Self(Some(limit))).map_err(|_| "must be a number or `none`".to_owned())
    }
}

/// A limit under which tasks are done at all.
fn concurrency(text: &str) -> Result<LimitArg, String> {
    match text.parse()? {
        LimitArg(Some(0)) => Err("must be at least 1, or `none`".to_owned()),
        limit => Ok(limit),
    }
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it. It is shown this once.
    Create {
        /// Name of the account that it is for.
        #[arg(long)]
        account: String,
        /// What it may do: `read`, `run` also creates and deletes runs, `write` also changes everything else.
        #[arg(long, default_value = "write")]
        scope: Scope,
        /// How long it is one, such as `30d` or `12h` [default: until it is revoked].
        #[arg(long, value_name = "DURATION", value_parser = lifetime)]
        expires: Option<Duration>,
        #[command(flatten)]
        store: ServerStoreArg,
    },
    /// List the tokens; what they are is not kept.
    List {
        /// Only those of this account.
        #[arg(long)]
        account: Option<String>,
        /// Print the list as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: ServerStoreArg,
    },
    /// Take a token back. A server that is running refuses it from the next request on.
    Revoke {
        /// Its id, as `flowrun token list` shows it.
        id: TokenId,
        #[command(flatten)]
        store: ServerStoreArg,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_none() {
        assert_eq!("12".parse(), Ok(LimitArg(Some(12))));
        assert_eq!("none".parse(), Ok(LimitArg(None)));
        assert!("-1".parse::<LimitArg>().is_err() && "".parse::<LimitArg>().is_err());
    }
}
