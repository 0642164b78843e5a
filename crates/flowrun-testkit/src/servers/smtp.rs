//! A mail server that keeps what it is given. Plain SMTP: no TLS, no login.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::listener::Listener;
use super::recorder::Recorder;
use super::smtp_session;

/// A mail server that records every message, refuses the recipients it is told to, and can fall silent.
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
}

impl Behaviour {
    /// The code with which `address` is refused, if it is.
    pub(super) fn refusal(&self, address: &str) -> Option<u16> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(&address.to_lowercase()).copied()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
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
