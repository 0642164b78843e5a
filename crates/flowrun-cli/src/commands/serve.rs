//! `flowrun serve`: the API over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use flowrun_artefacts::Artefacts;
use flowrun_server::{Server, ServerError, ServerOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::CommandError;
use crate::access::{Desk, Driver, Holder};
use crate::args::ServeArgs;
use crate::configure::configure;
use crate::drive::DriveError;
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::wiring;

/// Serves until it is told to stop.
pub(crate) fn serve(args: ServeArgs, screen: &Screen) -> Result<Exit, CommandError> {
    // Whoever looks after a server reads what it logs; nothing else of this program logs.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .init();
    super::block_on(served(args, screen))?
}

async fn served(args: ServeArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let settings = configure(args.settings, args.secrets)?;
    let mut options = ServerOptions::new();
    options.rate_limit = args.rate_limit;
    options.max_tasks = args.max_tasks.get();
    options.retention.count = args.keep;
    options.retention.age = args.keep_for;
    options.trusted_proxies = args.trusted_proxies;
    options.origins = args.origins.into_iter().collect();
    // Before the first connection, so that no signal falls between the two.
    let mut interrupts = Interrupts::new().map_err(DriveError::Signals)?;
    // Opened by the server, once the store is its own.
    let artefacts = Arc::<OnceLock<Artefacts>>::default();
    let executors = wiring::served(&settings, Arc::clone(&artefacts))?;
    let builder = Server::builder(&args.store.path).options(options).executors(executors);
    let mut builder = wiring::wrapped(builder.artefacts(artefacts));
    if !args.listen.ip().is_loopback() {
        builder = builder.require_token();
    }
    let server = builder.open().await.map_err(|error| match error {
        ServerError::NoToken => CommandError::NoTokens(args.listen),
        error => error.into(),
    })?;
    let desk = Desk::new(Arc::clone(server.repository().store()), Driver::Server(server.clone()));
    let holder = Holder::open(&args.store.path, Arc::new(desk), screen);
    let failed = |source| CommandError::Serve { address: args.listen, source };
    let listener = TcpListener::bind(args.listen).await.map_err(failed)?;
    screen.note(&format!("listening on http://{}", shown(listener.local_addr().map_err(failed)?)));
    if !server.repository().has_tokens()? {
        let store = args.store.path.display();
        screen.note(&format!(
            "there is no token yet: `flowrun account create NAME --store {store}` makes an account, \
             `flowrun token create --account NAME --store {store}` a token"
        ));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = pin!(server.serve(listener, async { drop(stopped.await) }, args.grace));
    tokio::select! {
        () = &mut serving => {
            holder.close().await;
            return Ok(Exit::Done);
        }
        _ = interrupts.next() => {}
    }
    screen.note("shutting down; another signal ends at once");
    drop(stop);
    tokio::select! {
        () = serving => {
            holder.close().await;
            Ok(Exit::Done)
        }
        // What is not parked is taken up as after a crash.
        _ = interrupts.next() => Ok(Exit::Interrupted),
    }
}

/// An address that can be called: one that stands for every address of the machine is shown as loopback.
fn shown(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { (Ipv4Addr::LOCALHOST, address.port()).into() } else { address }
}
