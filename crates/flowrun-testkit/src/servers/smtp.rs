//! A mail server that keeps what it is given. Plain SMTP: no TLS, no login.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::listener::Listener;
use super::recorder::Recorder;
use super::smtp_session;

/// A mail server that records every message, refuses the recipients it is told to, and can fall silent, never stop
/// talking, or have enough of connections and messages.
#[derive(Debug)]
pub struct SmtpSink {
    listener: Listener,
    received: Recorder<Mail>,
    behaviour: Arc<Behaviour>,
}

/// One message as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope that were accepted.
    pub to: Vec<String>,
    /// Headers and body, lines ended by `\r\n`; bytes that are no UTF-8 are replaced.
    pub data: String,
}

impl Mail {
    /// The first header called `name` (in any case), continuation lines joined.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut fields = unfolded.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    }

    /// The body, still in its transfer encoding.
    #[must_use]
    pub fn body(&self) -> &str {
        self.data.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// How the server treats its clients.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    refused: Mutex<BTreeMap<String, u16>>,
    silent: AtomicBool,
    babbling: AtomicBool,
    /// 0 stands for no limit.
    most_connections: AtomicUsize,
    most_messages: AtomicUsize,
    open: AtomicUsize,
    accepted: AtomicUsize,
    written: AtomicUsize,
    hellos: Mutex<Vec<String>>,
}

/// Where a server without a limit falls silent, in bytes: a client that reads more has none either.
pub(super) const BABBLE: usize = 16 << 20;

impl Behaviour {
    /// The code with which `address` is refused, if it is.
    pub(super) fn refusal(&self, address: &str) -> Option<u16> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(&address.to_lowercase()).copied()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    pub(super) fn is_babbling(&self) -> bool {
        self.babbling.load(Ordering::Relaxed)
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn greeted(&self, name: &str) {
        self.hellos.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    }

    /// Whether a connection has had its share of messages.
    pub(super) fn is_enough(&self, messages: usize) -> bool {
        let most = self.most_messages.load(Ordering::Relaxed);
        most > 0 && messages >= most
    }

    /// Counts a connection; `None` when there are too many.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Admitted> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(Arc::clone(self));
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        let most = self.most_connections.load(Ordering::Relaxed);
        (most == 0 || open <= most).then_some(admitted)
    }
}

/// A connection that counts until it ends.
pub(super) struct Admitted(Arc<Behaviour>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SmtpSink {
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
        let (received, behaviour) = (Recorder::new(), Arc::<Behaviour>::default());
        let (recorder, rules) = (received.clone(), Arc::clone(&behaviour));
        let listener = Listener::start(move |stream| {
            let (recorder, rules) = (recorder.clone(), Arc::clone(&rules));
            async move {
                // An error here is the client hanging up, which is its right.
                let _ = smtp_session::serve(stream, &rules, &recorder).await;
            }
        })
        .await?;
        Ok(Self { listener, received, behaviour })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Its address, `smtp://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr())
    }

    /// Refuses mail to `address` from now on: with `550` for good, with `451` for now. Letter case does not
    /// matter.
    pub fn refuse(&self, address: &str, code: u16) {
        let mut refused = self.behaviour.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(address.to_lowercase(), code);
    }

    /// From now on, accepts connections and never says a word.
    pub fn fall_silent(&self) {
        self.behaviour.silent.store(true, Ordering::Relaxed);
    }

    /// From now on, begins a line and never ends it.
    pub fn babble(&self) {
        self.behaviour.babbling.store(true, Ordering::Relaxed);
    }

    /// From now on, turns away whoever comes while so many connections are open, with `421`.
    pub fn limit_connections(&self, most: usize) {
        self.behaviour.most_connections.store(most, Ordering::Relaxed);
    }

    /// From now on, closes a connection without a word once so many messages came on it.
    pub fn limit_messages(&self, most: usize) {
        self.behaviour.most_messages.store(most, Ordering::Relaxed);
    }

    /// How many connections were made to it, those turned away included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.behaviour.accepted.load(Ordering::Relaxed)
    }

    /// Bytes of an endless line that were taken from it.
    #[must_use]
    pub fn babbled(&self) -> usize {
        self.behaviour.written.load(Ordering::Relaxed)
    }

    /// The names its clients introduced themselves with, in their order.
    #[must_use]
    pub fn hellos(&self) -> Vec<String> {
        self.behaviour.hellos.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every message that has arrived, in their order.
    #[must_use]
    pub fn received(&self) -> Vec<Mail> {
        self.received.all()
    }

    /// Waits until `count` messages have arrived, then gives all of them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn arrived(&self, count: usize) -> Vec<Mail> {
        self.received.at_least(count).await
    }
}
