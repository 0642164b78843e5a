//! Flow runs over HTTP.
//!
//! Whoever has a site and a flow creates, watches, lists and deletes flow runs by the documented routes under
//! `/v1/ops`. A [`Server`] is an engine on an SQLite store that holds accounts and tokens, too; its
//! [`router`](Server::router) is mounted into any axum service, or served as it is by [`Server::serve`].
//!
//! ```no_run
//! use flowrun_server::{NewAccount, Scope, Server};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder("runs.flowrun").open().await?;
//! let account = server.repository().create_account(NewAccount::new("ops")).await?.ok_or("there is one")?;
//! let token = server.repository().create_token(account.id, Scope::Write, None).await?;
//! println!("Authorization: Token {}", token.secret);
//! let service = axum::Router::new().merge(server.router());
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?, service).await?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod http;
mod listen;
mod metrics;
mod openapi;
mod options;
mod repo;
mod routes;
mod runs;
mod server;
mod unavailable;

pub use options::ServerOptions;
pub use repo::{
    Account, AccountId, Limits, NewAccount, NewToken, ParseIdError, ParseScopeError, Repository,
    RepositoryError, Scope, Token, TokenId, tables,
};
#[cfg(feature = "failpoints")]
pub use server::StoreWrapper;
pub use server::{Server, ServerBuilder, ServerError};
