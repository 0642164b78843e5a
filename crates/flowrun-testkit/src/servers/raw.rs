//! An HTTP server that writes the bytes it is told to, right or wrong, and counts connections.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::listener::Listener;
use super::recorder::Recorder;

/// Bytes of a request that are read: a test that sends more has gone wrong.
const LONGEST: u64 = 64 << 20;

/// A server that reads requests as HTTP/1.1 has them and answers with bytes of the test's choice.
///
/// ```
/// use flowrun_testkit::servers::{RawReply, RawServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // It answers the first request of each connection, and closes the connection at the second.
/// let server = RawServer::start(|request| match request.on_connection {
///     1 => RawReply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
///     _ => RawReply::close(),
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RawServer {
    listener: Listener,
    received: Recorder<RawRequest>,
    connections: Arc<Connections>,
}

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawRequest {
    /// Which connection it came on, counted from 1.
    pub connection: usize,
    /// Which request of its connection it is, counted from 1.
    pub on_connection: usize,
    /// Request line and headers, as they came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The method, in capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// The path and the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What a [`RawServer`] does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawReply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Keep,
    Close,
    Repeat,
    Hang,
}

impl RawReply {
    /// Writes these bytes and waits for the next request on the connection.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), then: Then::Keep }
    }

    /// Closes the connection without a word.
    #[must_use]
    pub const fn close() -> Self {
        Self { bytes: Vec::new(), then: Then::Close }
    }

    /// And then closes the connection.
    #[must_use]
    pub fn then_close(self) -> Self {
        Self { then: Then::Close, ..self }
    }

    /// And then the last kibibyte again and again, without end.
    #[must_use]
    pub fn then_more(self) -> Self {
        Self { then: Then::Repeat, ..self }
    }

    /// And then nothing more, on a connection that stays open.
    #[must_use]
    pub fn then_hang(self) -> Self {
        Self { then: Then::Hang, ..self }
    }
}

/// How many connections there are and were.
#[derive(Debug, Default)]
struct Connections {
    accepted: AtomicUsize,
    /// Now, and at most.
    open: Mutex<(usize, usize)>,
}

impl Connections {
    fn change(&self, change: impl FnOnce(&mut (usize, usize))) {
        change(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Counts a connection as open.
struct Open(Arc<Connections>);

impl Open {
    fn new(connections: &Arc<Connections>) -> Self {
        connections.change(|(now, most)| {
            *now += 1;
            *most = (*most).max(*now);
        });
        Self(Arc::clone(connections))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.change(|(now, _)| *now -= 1);
    }
}

impl RawServer {
    /// Starts a server that does with each request what `answer` says. It is called when the request has
    /// arrived and was recorded.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub async fn start(answer: impl Fn(&RawRequest) -> RawReply + Send + Sync + 'static) -> io::Result<Self> {
        let (received, connections) = (Recorder::new(), Arc::<Connections>::default());
        let (recorder, counted, answer) = (received.clone(), Arc::clone(&connections), Arc::new(answer));
        let listener = Listener::start(move |stream| {
            let (recorder, answer, open) = (recorder.clone(), Arc::clone(&answer), Open::new(&counted));
            let connection = counted.accepted.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                // An error here is the client hanging up, which is its right.
                let _ = serve(stream, connection, &recorder, &*answer).await;
                drop(open);
            }
        })
        .await?;
        Ok(Self { listener, received, connections })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Its address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// Every request that has arrived, in their order.
    #[must_use]
    pub fn received(&self) -> Vec<RawRequest> {
        self.received.all()
    }

    /// Waits until `count` requests have arrived, then gives all of them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn arrived(&self, count: usize) -> Vec<RawRequest> {
        self.received.at_least(count).await
    }

    /// How many connections were made to it.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.accepted.load(Ordering::SeqCst)
    }

    /// How many connections were open at the same time, at most.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

async fn serve(
    stream: TcpStream,
    connection: usize,
    recorder: &Recorder<RawRequest>,
    answer: &(dyn Fn(&RawRequest) -> RawReply + Send + Sync),
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    for on_connection in 1.. {
        let Some((head, body)) = request(&mut stream).await? else { return Ok(()) };
        let request = RawRequest { connection, on_connection, head, body };
        recorder.record(request.clone());
        let RawReply { bytes, then } = answer(&request);
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        match then {
            Then::Keep => {}
            Then::Close => return stream.shutdown().await,
            Then::Repeat => {
                let last = bytes.len().saturating_sub(1024);
                loop {
                    stream.write_all(&bytes[last..]).await?;
                }
            }
            // Until the client hangs up.
            Then::Hang => drop(stream.read(&mut [0; 1]).await?),
        }
    }
    Ok(())
}

/// The next request; `None` when the client has left.
async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut head = Vec::new();
    loop {
        let read = stream.take(LONGEST).read_until(b'\n', &mut head).await?;
        if read == 0 {
            return Ok(None);
        }
        if head.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    };
    let length = head.lines().find_map(field).unwrap_or(0);
    let mut body = Vec::new();
    stream.take(length.min(LONGEST)).read_to_end(&mut body).await?;
    Ok(Some((head, body)))
}
