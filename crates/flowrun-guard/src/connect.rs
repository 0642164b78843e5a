//! From a checked host to an open connection: names are resolved here, and nothing but what was checked is
//! connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::error::{RefusedError, is_out_of_descriptors};
use crate::permits::{ConnectionPermit, HostPermit};
use crate::policy::{Way, check_address};
use crate::resolver::{Resolver, addresses};
use crate::stopwatch::Stopwatch;
use crate::{Certificate, Endpoint, GuardError, Permits};

/// How long the first address of a name has before the next one is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(300);

/// What opens connections.
pub(crate) struct Dialer {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) permits: Permits,
    pub(crate) timeout: Duration,
    pub(crate) tls: Arc<ClientConfig>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("permits", &self.permits).finish_non_exhaustive()
    }
}

impl Dialer {
    /// Opens a connection, with TLS if it is wanted. The stopwatch stands still while a permit or a file
    /// descriptor is waited for.
    pub(crate) async fn dial(
        &self,
        endpoint: &Endpoint,
        way: Way,
        secure: bool,
        stopwatch: &mut Stopwatch,
    ) -> Result<Connection, GuardError> {
        let permit = self.permits.to_connect().await;
        let mut patience = Patience::new(&self.permits);
        let socket = loop {
            let opened = stopwatch.run(self.open(endpoint, way, secure)).await.and_then(|opened| opened);
            match opened.map_err(GuardError::while_connecting) {
                Ok(socket) => break socket,
                Err(error) if is_out_of_descriptors(&error) && patience.wait().await => {}
                Err(error) => return Err(error),
            }
        };
        Ok(Connection { socket, _permit: permit, _host: None })
    }

    async fn open(&self, endpoint: &Endpoint, way: Way, secure: bool) -> Result<Socket, GuardError> {
        self.within_limit(endpoint, async {
            let addresses = self.addresses(endpoint, way).await?;
            let connected = tcp(&addresses, endpoint.port()).await;
            let stream = connected.map_err(|source| GuardError::connect(endpoint, source))?;
            // The second look: were the lines above mistaken, the connection would still not be used.
            if let (Way::Public, Ok(peer)) = (way, stream.peer_addr()) {
                check_address(peer.ip())
                    .map_err(|reason| RefusedError { endpoint: Some(endpoint.clone()), reason })?;
            }
            if secure { self.secure(stream, endpoint).await } else { Ok(Socket::Plain(stream)) }
        })
        .await
    }

    /// TLS on a connection that was opened without.
    pub(crate) async fn upgrade(
        &self,
        connection: Connection,
        endpoint: &Endpoint,
    ) -> Result<Connection, GuardError> {
        let Connection { socket, _permit, _host } = connection;
        let socket = match socket {
            Socket::Plain(stream) => self.within_limit(endpoint, self.secure(stream, endpoint)).await?,
            secure @ Socket::Secure(_) => secure,
        };
        Ok(Connection { socket, _permit, _host })
    }

    async fn secure(&self, stream: TcpStream, endpoint: &Endpoint) -> Result<Socket, GuardError> {
        let name = match endpoint.host() {
            Host::Domain(name) => ServerName::try_from(name.clone())
                .map_err(|error| GuardError::connect(endpoint, io::Error::other(error)))?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
        };
        let agreed = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
        agreed
            .map(|stream| Socket::Secure(Box::new(stream)))
            .map_err(|source| GuardError::handshake(endpoint, source))
    }

    async fn within_limit<T>(
        &self,
        endpoint: &Endpoint,
        work: impl Future<Output = Result<T, GuardError>>,
    ) -> Result<T, GuardError> {
        tokio::time::timeout(self.timeout, work).await.unwrap_or_else(|_| {
            let text = format!("no connection within {} ms", self.timeout.as_millis());
            Err(GuardError::connect(endpoint, io::Error::new(io::ErrorKind::TimedOut, text)))
        })
    }

    pub(crate) async fn addresses(&self, endpoint: &Endpoint, way: Way) -> Result<Vec<IpAddr>, GuardError> {
        match endpoint.host() {
            Host::Ipv4(address) => Ok(vec![IpAddr::V4(*address)]),
            Host::Ipv6(address) => Ok(vec![IpAddr::V6(*address)]),
            Host::Domain(name) => addresses(&*self.resolver, name, way).await.map_err(|error| {
                match error.downcast::<RefusedError>() {
                    Ok(refusal) => RefusedError { endpoint: Some(endpoint.clone()), ..*refusal }.into(),
                    Err(source) => GuardError::Resolve { endpoint: endpoint.clone(), source },
                }
            }),
        }
    }
}

/// Tries the addresses in order; the next one when the last one failed, or is slow.
async fn tcp(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut untried = addresses.iter().map(|&address| SocketAddr::new(address, port));
    let mut tried = JoinSet::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match untried.next() {
            Some(address) => drop(tried.spawn(TcpStream::connect(address))),
            None if tried.is_empty() => return Err(failed),
            None => {}
        }
        tokio::select! {
            Some(done) = tried.join_next() => match done.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                Ok(stream) => {
                    // Requests are written in one piece; waiting for a second one only delays them.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failed = error,
            },
            () = tokio::time::sleep(HEAD_START), if untried.len() > 0 => {}
        }
    }
}

/// How long a connection waits for file descriptors: as long as other connections close, and for a while when
/// none does, because others in the process may hold them.
struct Patience<'a> {
    permits: &'a Permits,
    pause: Duration,
}

impl<'a> Patience<'a> {
    const FIRST: Duration = Duration::from_millis(50);
    /// The pauses double up to this one, which makes them half a minute in sum.
    const LAST: Duration = Duration::from_secs(16);

    const fn new(permits: &'a Permits) -> Self {
        Self { permits, pause: Self::FIRST }
    }

    /// Waits for another try. False when there is no hope left.
    async fn wait(&mut self) -> bool {
        if self.pause > Self::LAST {
            return false;
        }
        let freed = self.permits.descriptor_freed(self.pause).await;
        self.pause = if freed { Self::FIRST } else { self.pause * 2 };
        true
    }
}

#[derive(Debug)]
enum Socket {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// A connection to a checked host, for a protocol other than HTTP. It counts among the [`Permits`] of its guard
/// until it is dropped.
#[derive(Debug)]
pub struct Connection {
    // The socket is closed before its permits are given back: fields are dropped in this order.
    socket: Socket,
    _permit: ConnectionPermit,
    _host: Option<HostPermit>,
}

impl Connection {
    pub(crate) fn held_with(self, host: HostPermit) -> Self {
        Self { _host: Some(host), ..self }
    }

    /// The address it leads to.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Socket::Plain(stream) => stream.peer_addr(),
            Socket::Secure(stream) => stream.get_ref().0.peer_addr(),
        }
    }

    /// Whether TLS protects it.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        matches!(self.socket, Socket::Secure(_))
    }

    /// The certificate of the other side.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        match &self.socket {
            Socket::Plain(_) => None,
            Socket::Secure(stream) => {
                stream.get_ref().1.peer_certificates()?.first().and_then(|der| Certificate::from_der(der))
            }
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Socket::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Socket::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_flush(context),
            Socket::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Socket::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
