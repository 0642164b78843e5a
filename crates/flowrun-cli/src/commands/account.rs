//! `flowrun account`: who has sites, flows and runs on a server.

use flowrun_server::{Account, Limits, NewAccount, Repository};
use serde_json::{Value, json};

use super::CommandError;
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
            let repo = Repository::open(&store.path)?;
            let mut new = NewAccount::new(&name).limits(limits.over(Limits::default()));
            if let Some(user) = user {
                new = new.user(user);
            }
            let made = repo.create_account(new).await?.ok_or(CommandError::AccountExists(name))?;
            screen.data(&format!("{}\n", made.id))?;
        }
        AccountCommand::List { json, store } => {
            let accounts = Repository::open(&store.path)?.accounts()?;
            if json {
                let accounts: Vec<Value> = accounts.iter().map(told).collect();
                screen.json(&json!({"version": 1, "accounts": accounts}))?;
            } else {
                screen.data(&accounts.iter().map(line).collect::<String>())?;
            }
        }
        AccountCommand::Limits { name, limits, store } => {
            let repo = Repository::open(&store.path)?;
            let account = find(&repo, &name)?;
            repo.set_limits(account.id, limits.over(account.limits)).await?;
            screen.data(&line(&find(&repo, &name)?))?;
        }
    }
    Ok(Exit::Done)
}

/// The account of this name.
pub(super) fn find(repo: &Repository, name: &str) -> Result<Account, CommandError> {
    repo.account_named(name)?.ok_or_else(|| CommandError::NoAccount(plain(name)))
}

impl LimitArgs {
    /// These limits, and for what they do not say the others.
    fn over(self, mut limits: Limits) -> Limits {
        for (given, limit) in [
            (self.sites, &mut limits.sites_allowed),
            (self.pages, &mut limits.pages_allowed),
            (self.flowruns, &mut limits.flowruns_allowed),
            (self.nodes, &mut limits.nodes_allowed),
            (self.conditions, &mut limits.conditions_allowed),
        ] {
            if let Some(given) = given {
                *limit = given.0;
            }
        }
        limits
    }
}

/// What an account may have, by the names that the API has for it.
fn limits(account: &Account) -> [(&'static str, Option<u64>); 5] {
    let limits = &account.limits;
    [
        ("sites_allowed", limits.sites_allowed),
        ("pages_allowed", limits.pages_allowed),
        ("flowruns_allowed", limits.flowruns_allowed),
        ("nodes_allowed", limits.nodes_allowed),
        ("conditions_allowed", limits.conditions_allowed),
    ]
}

fn line(account: &Account) -> String {
    let Account { id, name, user, sites, flows, runs, flowruns, .. } = account;
    let limits: String = limits(account)
        .into_iter()
        .filter_map(|(name, limit)| Some(format!("  {name} {}", limit?)))
        .collect();
    format!(
        "{id}  {}  {}  {sites} sites  {flows} flows  {runs} runs  {flowruns} created{limits}\n",
        plain(name),
        plain(user)
    )
}

fn told(account: &Account) -> Value {
    let mut told = json!({
        "id": account.id.to_string(),
        "name": account.name,
        "user": account.user,
        "created": account.created.to_string(),
        "sites": account.sites,
        "flows": account.flows,
        "runs": account.runs,
        "flowruns": account.flowruns,
    });
    for (name, limit) in limits(account) {
        told[name] = limit.into();
    }
    told
}
