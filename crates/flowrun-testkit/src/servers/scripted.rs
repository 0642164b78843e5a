//! A website whose every answer is written by the test, byte by byte where it has to be.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::listener::Listener;
use super::recorder::Recorder;
use super::website::Visit;

/// The longest request head that is read.
const HEAD: usize = 64 << 10;

/// A website without pages, until it is told what to answer. Everything else is a `404`.
///
/// ```
/// use flowrun_testkit::servers::{ScriptedSite, SiteReply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let site = ScriptedSite::start().await?;
/// // Busy once, then there.
/// site.answers("/", [SiteReply::status(503).header("retry-after", "1"), SiteReply::html("<p>hello")]);
/// // HEAD is answered as GET is, unless it is told apart.
/// site.answers_head("/", [SiteReply::status(405)]);
/// assert!(site.page("/").starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedSite {
    listener: Listener,
    received: Recorder<Visit>,
    answers: Answers,
}

/// What is answered next, by method and path; the last reply stays.
type Answers = Arc<Mutex<BTreeMap<(String, String), VecDeque<SiteReply>>>>;

/// One answer. The length is announced and the connection closed after it.
#[derive(Clone)]
pub struct SiteReply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    closes: bool,
}

impl SiteReply {
    /// An answer with this status, without headers and body.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), closes: false }
    }

    /// A `200` with this document and `content-type: text/html`.
    #[must_use]
    pub fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("content-type", "text/html").body(body)
    }

    /// A `302` to this address.
    #[must_use]
    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).header("location", to.into())
    }

    /// Reads the request and closes the connection without a word.
    #[must_use]
    pub const fn close() -> Self {
        Self { status: 0, headers: Vec::new(), body: Vec::new(), closes: true }
    }

    /// Adds a header; one of the same name stays beside it.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Replaces every header of this name.
    #[must_use]
    pub fn only_header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        let name = name.into();
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.header(name, value)
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn bytes(&self, without_body: bool) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} -\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(name.as_bytes());
            bytes.extend(b": ");
            bytes.extend(value);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()).bytes());
        if !without_body {
            bytes.extend(&self.body);
        }
        bytes
    }
}

impl fmt::Debug for SiteReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        write!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            write!(f, ", {name}: {}", text(value))?;
        }
        write!(f, ", {:?}", text(&self.body))
    }
}

impl ScriptedSite {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O enabled.
    pub async fn start() -> io::Result<Self> {
        let (received, answers) = (Recorder::new(), Answers::default());
        let (recorder, known) = (received.clone(), Arc::clone(&answers));
        let serve = move |stream| serve(stream, recorder.clone(), Arc::clone(&known));
        Ok(Self { listener: Listener::start(serve).await?, received, answers })
    }

    /// Answers requests for `path` (with its query) by these replies in turn; the last one stays.
    pub fn answers(&self, path: &str, replies: impl IntoIterator<Item = SiteReply>) {
        self.set("GET", path, replies);
    }

    /// Answers `HEAD` requests for `path` by these replies in turn; the last one stays.
    pub fn answers_head(&self, path: &str, replies: impl IntoIterator<Item = SiteReply>) {
        self.set("HEAD", path, replies);
    }

    fn set(&self, method: &str, path: &str, replies: impl IntoIterator<Item = SiteReply>) {
        let key = (method.to_owned(), path.to_owned());
        lock(&self.answers).insert(key, replies.into_iter().collect());
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Its address, `http://127.0.0.1:PORT`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// The address of the page at `path`, which starts with `/`.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        self.url() + path
    }

    /// Every request that has arrived, in their order.
    #[must_use]
    pub fn received(&self) -> Vec<Visit> {
        self.received.all()
    }

    /// How often `path` was asked for by `method`.
    #[must_use]
    pub fn asked(&self, method: &str, path: &str) -> usize {
        self.received().iter().filter(|visit| visit.method == method && visit.path == path).count()
    }
}

async fn serve(stream: TcpStream, received: Recorder<Visit>, answers: Answers) {
    let mut stream = BufReader::new(stream);
    let Some(visit) = request(&mut stream).await else { return };
    let is_head = visit.method == "HEAD";
    received.record(visit.clone());
    let reply = next(&answers, &visit);
    if !reply.closes {
        // An error here is the client hanging up, which is its right.
        let _ = stream.write_all(&reply.bytes(is_head)).await;
        let _ = stream.shutdown().await;
    }
}

/// Method and path of a request; `None` when the client goes before it has said all.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<Visit> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.ok()?;
        head.push(byte);
        if head.len() > HEAD {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split(' ');
    Some(Visit { method: words.next()?.to_owned(), path: words.next()?.to_owned() })
}

fn next(answers: &Answers, visit: &Visit) -> SiteReply {
    let mut answers = lock(answers);
    let key = |method: &str| (method.to_owned(), visit.path.clone());
    let known = if answers.contains_key(&key(&visit.method)) { key(&visit.method) } else { key("GET") };
    let Some(replies) = answers.get_mut(&known) else { return SiteReply::status(404) };
    let last = replies.len() <= 1;
    let reply = if last { replies.front().cloned() } else { replies.pop_front() };
    reply.unwrap_or_else(|| SiteReply::status(404))
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing panics while the answers are held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
