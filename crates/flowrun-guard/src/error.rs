//! Why a request was refused or failed. No message repeats a path or a query: webhook addresses are secrets.

use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

use crate::Endpoint;
use crate::tls::{in_words, is_untrusted};
use crate::wire::{HEADER_BYTES, Unanswered};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a request yielded no response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The address could not be read as a URL.
    #[error("the address is not a URL")]
    InvalidUrl {
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A header of the request cannot be sent.
    #[error("header `{}` cannot be sent: it holds a character that headers may not hold", name.escape_debug())]
    InvalidHeader {
        /// Its name; its value may be a secret.
        name: String,
    },
    /// The request carries more headers than are sent.
    #[error("the request has {count} headers, and {limit} are sent at most")]
    TooManyHeaders {
        /// How many it has.
        count: usize,
        /// How many are sent.
        limit: usize,
    },
    /// The request is larger than its limit. Nothing was sent.
    #[error("the request to `{endpoint}` has {bytes} bytes, and {limit} are sent at most")]
    RequestTooLarge {
        /// Where it was to go.
        endpoint: Endpoint,
        /// How many bytes it has.
        bytes: usize,
        /// How many are sent.
        limit: usize,
    },
    /// The rules do not let this request out. Nothing was sent to the refused host.
    #[error(transparent)]
    Refused(RefusedError),
    /// The name has no address.
    #[error("could not resolve `{endpoint}`")]
    Resolve {
        /// Where the request was to go.
        endpoint: Endpoint,
        /// What the resolver said.
        source: BoxError,
    },
    /// No connection came about: refused, unreachable, or slower than the time limit of connecting.
    #[error("could not connect to `{endpoint}`")]
    Connect {
        /// Where the request was to go.
        endpoint: Endpoint,
        /// What the operating system said.
        source: BoxError,
    },
    /// The certificate is not trusted, or the two sides have no TLS version in common.
    #[error("could not agree on TLS with `{endpoint}`")]
    Tls {
        /// Where the request was to go.
        endpoint: Endpoint,
        /// What TLS said.
        source: BoxError,
    },
    /// The connection broke, or the answer was not HTTP.
    #[error("`{endpoint}` gave no proper answer")]
    Transport {
        /// Where the request went.
        endpoint: Endpoint,
        /// What went wrong.
        source: BoxError,
    },
    /// The time limit of the whole request passed.
    #[error("`{endpoint}` did not answer within {}", Seconds(*limit))]
    Timeout {
        /// Where the request went first.
        endpoint: Endpoint,
        /// The limit.
        limit: Duration,
    },
    /// More redirects than are followed: a loop, most of the time.
    #[error("`{endpoint}` redirects more than {limit} times")]
    TooManyRedirects {
        /// Where the last of them came from.
        endpoint: Endpoint,
        /// How many are followed.
        limit: usize,
    },
    /// A redirect leads to an address that is no URL.
    #[error("`{endpoint}` redirects to an address that is not a URL")]
    BadRedirect {
        /// Where it came from.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// The response carries more headers than are read.
    #[error("`{endpoint}` sent more than {limit} bytes of headers")]
    HeadersTooLarge {
        /// Where they came from.
        endpoint: Endpoint,
        /// How many bytes are read.
        limit: usize,
    },
    /// The body is not what its `Content-Encoding` says.
    #[error("`{endpoint}` sent a body that does not decode as `{encoding}`")]
    Decode {
        /// Where it came from.
        endpoint: Endpoint,
        /// The encoding it claims.
        encoding: String,
        /// What the decoder said.
        source: std::io::Error,
    },
}

impl GuardError {
    /// What the operator can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.help(),
            Self::Tls { source, .. } if cause(&**source).is_some_and(is_untrusted) => {
                Some("--ca-cert FILE trusts the authorities of a PEM file".to_owned())
            }
            _ => None,
        }
    }

    /// Whether the same request may work later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. } | Self::Connect { .. } | Self::Transport { .. } | Self::Timeout { .. }
        )
    }

    /// Whether the other side may have received the request all the same.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::InvalidUrl { .. }
            | Self::InvalidHeader { .. }
            | Self::TooManyHeaders { .. }
            | Self::RequestTooLarge { .. }
            | Self::Refused(_)
            | Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Tls { .. } => false,
            Self::Transport { .. }
            | Self::Timeout { .. }
            | Self::TooManyRedirects { .. }
            | Self::BadRedirect { .. }
            | Self::HeadersTooLarge { .. }
            | Self::Decode { .. } => true,
        }
    }

    /// The message with what lies at its bottom and the help, in one line: what a log shows.
    #[must_use]
    pub fn explained(&self) -> String {
        let mut text = self.to_string();
        // The layers between say no more than that they are layers.
        if let Some(bottom) = causes(self).skip(1).last() {
            text.push_str(": ");
            text.push_str(&cause(bottom).and_then(in_words).unwrap_or_else(|| bottom.to_string()));
        }
        if let Some(help) = self.help() {
            text.push_str("; ");
            text.push_str(&help);
        }
        text
    }

    /// No connection came about.
    pub(crate) fn connect(endpoint: &Endpoint, source: impl Into<BoxError>) -> Self {
        Self::Connect { endpoint: endpoint.clone(), source: source.into() }
    }

    /// TLS did not come about: for a reason of its own, or because the connection broke.
    pub(crate) fn handshake(endpoint: &Endpoint, source: std::io::Error) -> Self {
        if cause::<rustls::Error>(&source).is_some() {
            Self::Tls { endpoint: endpoint.clone(), source: source.into() }
        } else {
            Self::connect(endpoint, source)
        }
    }

    /// A request got no response.
    pub(crate) fn unanswered(endpoint: &Endpoint, unanswered: Unanswered) -> Self {
        let Unanswered { error, is_unsent } = unanswered;
        if error.is_parse_too_large() {
            Self::HeadersTooLarge { endpoint: endpoint.clone(), limit: HEADER_BYTES }
        } else if is_unsent {
            Self::connect(endpoint, error)
        } else {
            Self::broken(endpoint, error)
        }
    }

    /// The connection broke, or what came over it is no HTTP.
    pub(crate) fn broken(endpoint: &Endpoint, error: hyper::Error) -> Self {
        Self::Transport { endpoint: endpoint.clone(), source: error.into() }
    }

    /// The time limit passed before a connection was there, so nothing was sent.
    pub(crate) fn while_connecting(self) -> Self {
        match self {
            Self::Timeout { endpoint, limit } => {
                let text = format!("no connection within {}", Seconds(limit));
                Self::connect(&endpoint, std::io::Error::new(std::io::ErrorKind::TimedOut, text))
            }
            other => other,
        }
    }
}

/// Whether the process, or the whole machine, has no file descriptor left.
pub(crate) fn is_out_of_descriptors(error: &GuardError) -> bool {
    // ENFILE and EMFILE have these numbers on every Unix; on Windows 10024 is WSAEMFILE.
    const CODES: &[i32] = if cfg!(windows) { &[10_024] } else { &[23, 24] };
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>()?.raw_os_error())
        .any(|code| CODES.contains(&code))
}

impl From<RefusedError> for GuardError {
    fn from(refusal: RefusedError) -> Self {
        Self::Refused(refusal)
    }
}

/// A request that the rules do not let out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedError {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) reason: Reason,
}

/// The rule that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Scheme(String),
    UserInfo,
    NoHost,
    Port,
    Localhost,
    Address { address: IpAddr, range: &'static str },
    Downgrade,
}

impl RefusedError {
    /// The flag that would let the request out, when there is one.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?;
        match self.reason {
            Reason::Port | Reason::Localhost | Reason::Address { .. } => {
                Some(format!("--allow-host {endpoint} allows it"))
            }
            Reason::Scheme(_) | Reason::UserInfo | Reason::NoHost | Reason::Downgrade => None,
        }
    }
}

impl fmt::Display for RefusedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused to connect")?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, " to `{endpoint}`")?;
        }
        match &self.reason {
            Reason::Scheme(scheme) => write!(f, ": `{scheme}` is neither http nor https"),
            Reason::UserInfo => f.write_str(": the address carries a user name or password"),
            Reason::NoHost => f.write_str(": the address has no host"),
            Reason::Port => f.write_str(": the port is none that websites use"),
            Reason::Localhost => f.write_str(": it is this machine"),
            Reason::Address { address, range } => write!(f, ": {address} is no public address ({range})"),
            Reason::Downgrade => f.write_str(": a redirect leads from https to http"),
        }
    }
}

impl StdError for RefusedError {}

/// A guard that could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An extra root certificate cannot be used.
    #[error("root certificate number {index} cannot be used")]
    RootCertificate {
        /// Which, counted from 0 in the order they were given.
        index: usize,
        /// What TLS said.
        source: BoxError,
    },
    /// A text that should hold root certificates holds none.
    #[error("there is no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// A text that should hold root certificates cannot be read.
    #[error("a certificate in PEM cannot be read")]
    NotPem {
        /// What is wrong with it.
        source: BoxError,
    },
    /// TLS could not be set up.
    #[error("could not set up TLS")]
    Client {
        /// What it said.
        source: BoxError,
    },
}

/// The first cause of type `E`.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The error and everything beneath it. An `io::Error` that wraps another error names that one's cause as its
/// own, which would skip a layer.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// A limit as people say it.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.as_secs() > 0 && self.0.subsec_nanos() == 0 {
            write!(f, "{} s", self.0.as_secs())
        } else {
            write!(f, "{} ms", self.0.as_millis())
        }
    }
}
