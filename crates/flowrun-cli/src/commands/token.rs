//! `flowrun token`: what callers of a server show to say who they are.

use flowrun::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::CommandError;
use crate::access::{Access, TokenPart};
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
            let access = Access::open_accounts(&store.path).await?;
            let expires = expires.map(|within| SystemClock::new().now().after(within));
            let (id, secret) = access.create_token(account, scope, expires).await?;
            screen.data(&format!("{secret}\n"))?;
            screen.note(&format!("token {id} is shown this once; only a hash of it is kept"));
        }
        TokenCommand::List { account, json, store } => {
            let tokens = Access::open_accounts(&store.path).await?.tokens(account).await?;
            if json {
                let tokens: Vec<Value> = tokens.iter().map(told).collect();
                screen.json(&json!({"version": 1, "tokens": tokens}))?;
            } else {
                screen.data(&tokens.iter().map(line).collect::<String>())?;
            }
        }
        TokenCommand::Revoke { id, store } => {
            Access::open_accounts(&store.path).await?.revoke_token(id).await?;
            screen.note(&format!("token {id} is revoked"));
        }
    }
    Ok(Exit::Done)
}

fn line(token: &TokenPart) -> String {
    let until = token.expires.map_or_else(String::new, |at| format!("  until {at}"));
    format!("{}  {}  {:<5}  {}{until}\n", token.id, plain(&token.account), token.scope, token.created)
}

fn told(token: &TokenPart) -> Value {
    json!({
        "id": token.id,
        "account": token.account,
        "scope": token.scope,
        "created": token.created.to_string(),
        "expires": token.expires.map(|at| at.to_string()),
    })
}
