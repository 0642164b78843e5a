//! `flowrun account`: who has sites, flows and runs on a server.

use serde_json::{Value, json};

use super::CommandError;
use crate::access::{Access, AccountPart};
use crate::args::{AccountArgs, AccountCommand, LimitArgs};
use crate::exit::Exit;
use crate::render::plain;
use crate::screen::Screen;

/// Does one of the commands on accounts.
pub(crate) fn account(args: AccountArgs, screen: &Screen) -> Result<Exit, CommandError> {
    super::block_on(done(args.command, screen))?
}

async fn done(command: AccountCommand, screen: &Screen) -> Result<Exit, CommandError> {
    match command {
        AccountCommand::Create { name, user, limits, store } => {
            let access = Access::open_accounts(&store.path).await?;
            let made = access.create_account(name, user, limits.named()).await?;
            screen.data(&format!("{}\n", made.id))?;
        }
        AccountCommand::List { json, store } => {
            let accounts = Access::open_accounts(&store.path).await?.accounts().await?;
            if json {
                let accounts: Vec<Value> = accounts.iter().map(told).collect();
                screen.json(&json!({"version": 1, "accounts": accounts}))?;
            } else {
                screen.data(&accounts.iter().map(line).collect::<String>())?;
            }
        }
        AccountCommand::Limits { name, limits, store } => {
            let access = Access::open_accounts(&store.path).await?;
            screen.data(&line(&access.set_limits(name, limits.named()).await?))?;
        }
    }
    Ok(Exit::Done)
}

impl LimitArgs {
    /// The limits that are given, by the names that the API has for them.
    fn named(self) -> Vec<(String, Option<u64>)> {
        let limits = [
            ("sites_allowed", self.sites),
            ("pages_allowed", self.pages),
            ("flowruns_allowed", self.flowruns),
            ("nodes_allowed", self.nodes),
            ("conditions_allowed", self.conditions),
            ("concurrency", self.concurrency),
        ];
        limits.into_iter().filter_map(|(name, given)| Some((name.to_owned(), given?.0))).collect()
    }
}

fn line(account: &AccountPart) -> String {
    let AccountPart { id, name, user, sites, flows, runs, flowruns, limits, .. } = account;
    let limits: String =
        limits.iter().filter_map(|(name, limit)| Some(format!("  {name} {}", (*limit)?))).collect();
    format!(
        "{id}  {}  {}  {sites} sites  {flows} flows  {runs} runs  {flowruns} created{limits}\n",
        plain(name),
        plain(user)
    )
}

fn told(account: &AccountPart) -> Value {
    let mut told = json!({
        "id": account.id,
        "name": account.name,
        "user": account.user,
        "created": account.created.to_string(),
        "sites": account.sites,
        "flows": account.flows,
        "runs": account.runs,
        "flowruns": account.flowruns,
    });
    for (name, limit) in &account.limits {
        told[name] = (*limit).into();
    }
    told
}
