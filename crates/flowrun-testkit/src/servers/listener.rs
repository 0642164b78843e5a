//! A port on loopback and everything that runs behind it. Knows TCP and nothing of protocols.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A server: dropping it closes the port and every connection.
#[derive(Debug)]
pub(super) struct Listener {
    addr: SocketAddr,
    accepting: AbortHandle,
}

impl Listener {
    /// Listens on a free port and hands each connection to `serve`.
    pub(super) async fn start<F, S>(serve: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            // The set lives in this task, so that aborting the task ends the connections too.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            // Without it every answer of a talkative protocol waits for a delayed ACK.
                            let _ = stream.set_nodelay(true);
                            connections.spawn(serve(stream));
                        }
                        // The peer was gone before it was accepted; the next one may stay.
                        Err(_) => tokio::task::yield_now().await,
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self { addr, accepting: accepting.abort_handle() })
    }

    /// Serves HTTP/1.1 with the routes of `router`.
    pub(super) async fn http(router: Router) -> io::Result<Self> {
        Self::start(move |stream| {
            let service = TowerToHyperService::new(router.clone());
            async move {
                // An error here is the client hanging up, which is its right.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
