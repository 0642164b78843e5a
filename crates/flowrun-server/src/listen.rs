//! Connections: how many, how long they may take, and how they end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use crate::Server;

/// Largest head of a request that is read at all. What is over the limit of the routes and below this is answered
/// in words; what is over this is answered by the protocol alone.
const HEAD: usize = 128 << 10;

/// How long requests that are under way may take once every run has ended or is parked.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Most headers that are read at all.
const HEADERS: usize = 512;

impl Server {
    /// Answers requests until `stop` resolves. From then on new runs are refused (503), and everything else is answered
    /// until the open runs have ended or `grace` is over, when those that are left are parked; then connections are
    /// closed, each after the request that is under way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes every connection; runs go on until [`shutdown`](Self::shutdown).
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>, grace: Duration) {
        let options = &self.inner.options;
        let room = Arc::new(Semaphore::new(options.max_connections));
        let graceful = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(options.head_timeout)
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .half_close(false);
        let router = self.router();
        let mut drained = pin!(async {
            stop.await;
            self.shutdown(grace).await;
        });
        loop {
            let next = async {
                // Never closed.
                let permit = Arc::clone(&room).acquire_owned().await.ok();
                (listener.accept().await, permit)
            };
            let (accepted, permit) = tokio::select! {
                () = &mut drained => break,
                next = next => next,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule: those in use have to end first.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Answers are written whole; waiting for more of them only delays the last piece.
            let _ = stream.set_nodelay(true);
            let router = router.clone();
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let mut router = router.clone();
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                async move { router.call(request).await }
            });
            let mut stream = TimeoutStream::new(stream);
            // Else whoever takes nothing of what is sent keeps the connection, and with it room for others.
            stream.set_write_timeout(Some(options.write_timeout));
            let connection = graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
            tokio::spawn(async move {
                // Whoever goes away early, or takes too long, needs no answer.
                let _ = connection.await;
                drop(permit);
            });
        }
        drop(listener);
        // Whoever takes longer for a request is cut off.
        let _ = tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await;
    }
}
