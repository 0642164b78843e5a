//! `flowrun token`: what callers of a server show to say who they are.

use flowrun::{Clock as _, SystemClock};
use flowrun_server::{Repository, Token};
use serde_json::{Value, json};

use super::CommandError;
use super::account::find;
use crate::args::{TokenArgs, TokenCommand};
use crate::exit::Exit;
use crate::render::plain;
use crate::screen::Screen;

/// Does one of the commands on tokens.
pub(crate) fn token(args: TokenArgs, screen: &Screen) -> Result<Exit, CommandError> {
    super::block_on(done(args.command, screen))?
}

async fn done(command: TokenCommand, screen: &Screen) -> Result<Exit, CommandError> {
    match command {
        TokenCommand::Create { account, scope, expires, store } => {
            let repo = Repository::open(&store.path)?;
            let account = find(&repo, &account)?;
            let expires = expires.map(|within| SystemClock::new().now().after(within));
            let made = repo.create_token(account.id, scope, expires).await?;
            screen.data(&format!("{}\n", made.secret))?;
            screen.note(&format!("token {} is shown this once; only a hash of it is kept", made.id));
        }
        TokenCommand::List { account, json, store } => {
            let repo = Repository::open(&store.path)?;
            let account = account.map(|name| find(&repo, &name)).transpose()?;
            let tokens = repo.tokens(account.map(|account| account.id))?;
            if json {
                let tokens: Vec<Value> = tokens.iter().map(told).collect();
                screen.json(&json!({"version": 1, "tokens": tokens}))?;
            } else {
                screen.data(&tokens.iter().map(line).collect::<String>())?;
            }
        }
        TokenCommand::Revoke { id, store } => {
            if !Repository::open(&store.path)?.revoke_token(id).await? {
                return Err(CommandError::NoToken(id));
            }
            screen.note(&format!("token {id} is revoked"));
        }
    }
    Ok(Exit::Done)
}

fn line(token: &Token) -> String {
    let until = token.expires.map_or_else(String::new, |at| format!("  until {at}"));
    format!("{}  {}  {:<5}  {}{until}\n", token.id, plain(&token.account), token.scope, token.created)
}

fn told(token: &Token) -> Value {
    json!({
        "id": token.id.to_string(),
        "account": token.account,
        "scope": token.scope.to_string(),
        "created": token.created.to_string(),
        "expires": token.expires.map(|at| at.to_string()),
    })
}
