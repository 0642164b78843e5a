//! The one way out of a browser: a proxy on loopback, which asks the guard about every connection.
//!
//! Each page has a proxy of its own, so that what passes is known to be that page's. Plain HTTP is forwarded a
//! request at a time, everything else (https, web sockets) through a tunnel. Names are resolved here, by the guard;
//! the browser resolves none.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use flowrun_guard::{Connection, Endpoint, Guard, GuardError};
use http_body_util::{BodyExt as _, Empty, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, TE, TRAILER, UPGRADE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Failures that are remembered, a host and port each.
const REMEMBERED: usize = 256;

/// A proxy that listens. Dropping it closes all its connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    exhausted: watch::Receiver<bool>,
    _accepting: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    guard: Guard,
    limit: u64,
    passed: AtomicU64,
    exhausted: watch::Sender<bool>,
    failures: Mutex<BTreeMap<Endpoint, Arc<GuardError>>>,
}

impl Proxy {
    /// Opens a proxy that lets `limit` bytes in.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub(crate) async fn open(guard: Guard, limit: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (exhaust, exhausted) = watch::channel(false);
        let shared = Arc::new(Shared {
            guard,
            limit,
            passed: AtomicU64::new(0),
            exhausted: exhaust,
            failures: Mutex::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, exhausted, _accepting: accepting })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that came in so far.
    pub(crate) fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::Relaxed)
    }

    /// Why the last connection to the host of `url` was not opened.
    pub(crate) fn failure(&self, url: &str) -> Option<Arc<GuardError>> {
        let endpoint = Endpoint::of_url(url).ok()?;
        self.shared.failures().get(&endpoint).cloned()
    }

    /// Waits until more than the limit came in.
    pub(crate) async fn exhausted(&self) {
        let mut exhausted = self.exhausted.clone();
        // The sender lives as long as the proxy.
        let _ = exhausted.wait_for(|exhausted| *exhausted).await;
    }
}

impl Shared {
    fn failures(&self) -> std::sync::MutexGuard<'_, BTreeMap<Endpoint, Arc<GuardError>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to the host of `url`, if the guard lets it be.
    async fn connect(self: &Arc<Self>, url: &str) -> Result<Counted, Unanswered> {
        let Ok(endpoint) = Endpoint::of_url(url) else { return Err(Unanswered) };
        // The address first: a host that may be spoken to has ports that may not.
        let connected = match self.guard.check_url(url) {
            Ok(()) => self.guard.connect(&endpoint).await,
            Err(refused) => Err(refused),
        };
        let mut failures = self.failures();
        match connected {
            Ok(connection) => {
                failures.remove(&endpoint);
                Ok(Counted { connection, shared: Arc::clone(self) })
            }
            Err(error) => {
                if failures.len() < REMEMBERED {
                    failures.insert(endpoint, Arc::new(error));
                }
                Err(Unanswered)
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&shared)))),
                // No descriptors are left: those of connections that end are next.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut tunnels = JoinSet::new();
    let (tunnel, mut opened) = tokio::sync::mpsc::channel::<Tunnel>(1);
    let service = service_fn(|request| {
        let (shared, tunnel) = (Arc::clone(&shared), tunnel.clone());
        async move { answer(request, &shared, tunnel).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A browser that goes away closes its connection; there is nobody to tell.
    let _ = connection.await;
    drop(tunnel);
    while let Some(tunnel) = opened.recv().await {
        tunnels.spawn(tunnel.run());
    }
    while tunnels.join_next().await.is_some() {}
}

/// Two ends to be joined, once the browser knows.
struct Tunnel {
    upgrade: hyper::upgrade::OnUpgrade,
    connection: Counted,
}

impl Tunnel {
    async fn run(mut self) {
        if let Ok(upgraded) = self.upgrade.await {
            // It ends when one of the ends is closed; how does not matter.
            let _ = copy_bidirectional(&mut TokioIo::new(upgraded), &mut self.connection).await;
        }
    }
}

type Body = BoxBody<Bytes, hyper::Error>;

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}

async fn answer(
    mut request: Request<Incoming>,
    shared: &Arc<Shared>,
    tunnel: tokio::sync::mpsc::Sender<Tunnel>,
) -> Result<Response<Body>, Unanswered> {
    if request.method() != Method::CONNECT {
        return forward(request, shared).await;
    }
    let Some(authority) = request.uri().authority() else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    match shared.connect(&format!("https://{authority}/")).await {
        Ok(connection) => {
            let upgrade = hyper::upgrade::on(&mut request);
            // There is room: a connection becomes a tunnel once.
            let _ = tunnel.try_send(Tunnel { upgrade, connection });
            Ok(empty(StatusCode::OK))
        }
        Err(Unanswered) => Ok(empty(StatusCode::BAD_GATEWAY)),
    }
}

/// There is no answer: the connection is closed without one. An answer of ours would be shown as the page's.
#[derive(Debug, thiserror::Error)]
#[error("there is no answer")]
struct Unanswered;

/// Sends a request on, on a connection of its own.
async fn forward(mut request: Request<Incoming>, shared: &Arc<Shared>) -> Result<Response<Body>, Unanswered> {
    let url = request.uri().to_string();
    if request.uri().scheme_str() != Some("http") {
        return Err(Unanswered);
    }
    let authority = request.uri().authority().ok_or(Unanswered)?.as_str();
    // The browser says the same; it must not be able to say something else.
    let host = HeaderValue::from_str(authority).map_err(|_| Unanswered)?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path: Uri = path.parse().map_err(|_| Unanswered)?;
    *request.uri_mut() = path;
    request.headers_mut().insert(HOST, host);
    strip(request.headers_mut());
    let connection = shared.connect(&url).await?;
    let spoken = hyper::client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(connection))
        .await;
    let (mut sender, connection) = spoken.map_err(|_| Unanswered)?;
    // It ends with the response, of which this task is no part.
    let driven = tokio::spawn(async move { drop(connection.await) });
    let sent = sender.send_request(request).await;
    let mut response = sent.map_err(|_| Unanswered)?;
    strip(response.headers_mut());
    let driven = Arc::new(Ends(driven));
    Ok(response.map(|body| {
        body.map_frame(move |frame| {
            let _ = &driven;
            frame
        })
        .boxed()
    }))
}

/// Ends a task when nobody needs it any more.
struct Ends(tokio::task::JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes out what is said to the next one alone (RFC 9110, section 7.6.1).
fn strip(headers: &mut hyper::HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.into_iter().chain([CONNECTION, TE, TRAILER, UPGRADE]) {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "proxy-authorization"] {
        headers.remove(name);
    }
}

/// A connection whose incoming bytes are counted, up to the limit.
#[derive(Debug)]
struct Counted {
    connection: Connection,
    shared: Arc<Shared>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        let read = u64::try_from(buffer.filled().len() - before).unwrap_or(u64::MAX);
        let passed = self.shared.passed.fetch_add(read, Ordering::Relaxed) + read;
        if passed > self.shared.limit {
            self.shared.exhausted.send_replace(true);
            return Poll::Ready(Err(io::Error::other("the page loads too much")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
