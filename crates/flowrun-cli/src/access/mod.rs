//! What commands do with a store, whether this process opens it or another one holds it.
//!
//! A command [asks](Ask) and gets [parts](Part) of an answer. Who answers is a [`Desk`]: in this process, around the
//! store that it has just opened, or in the process that holds the store, behind a socket beside the file. Both run the
//! same code, so that output and exit code are the same. Commands do not know which of the two they talk to; a server
//! that is called by its address is a third way to get from an `Ask` to its parts.
//!
//! | Module | Owns |
//! | --- | --- |
//! | `ask` | the questions and the answers, as they pass over the socket |
//! | `desk`, `accounts`, `explained` | answering them |
//! | `way` | the way from a command to a desk |
//! | `endpoint` | the file of the socket: who may make it, who may call it |
//! | `frame` | lines of bounded length |
//! | `client`, `holder` | the two ends of the socket |
//!
//! Why it is like this stands in `docs/design/store-socket.md`.

mod accounts;
mod ask;
#[cfg(unix)]
mod client;
mod desk;
#[cfg(unix)]
mod endpoint;
mod explained;
#[cfg(unix)]
mod frame;
#[cfg(unix)]
mod holder;
mod refused;
#[cfg(all(test, unix))]
mod tests;
#[cfg(not(unix))]
mod unreachable;
mod way;

pub(crate) use ask::{AccountPart, Ask, Event, Listed, Part, Standing, TokenPart};
pub(crate) use desk::{Desk, Driver, what};
#[cfg(unix)]
pub(crate) use holder::Holder;
pub(crate) use refused::{HeldError, Told};
#[cfg(not(unix))]
pub(crate) use unreachable::Holder;
pub(crate) use way::Access;
