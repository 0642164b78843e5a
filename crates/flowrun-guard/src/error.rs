//! Why a request was refused or failed. No message repeats a path or a query: webhook addresses are secrets.

use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

use crate::Endpoint;

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
    /// The rules do not let this request out. Nothing was sent to the refused host.
    #[error(transparent)]
    Refused(Refusal),
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
            text.push_str(&bottom.to_string());
        }
        if let Some(help) = self.help() {
            text.push_str("; ");
            text.push_str(&help);
        }
        text
    }

    /// Sorts an error of the HTTP client by what lies at its bottom.
    pub(crate) fn of_client(endpoint: &Endpoint, error: reqwest::Error) -> Self {
        let endpoint = endpoint.clone();
        // The client would put the whole address into its message.
        let error = error.without_url();
        if let Some(refusal) = cause::<Refusal>(&error) {
            return Self::Refused(Refusal { endpoint: Some(endpoint), reason: refusal.reason.clone() });
        }
        let connecting = error.is_connect();
        if cause::<Unresolved>(&error).is_some() {
            Self::Resolve { endpoint, source: error.into() }
        } else if cause::<rustls::Error>(&error).is_some() {
            Self::Tls { endpoint, source: error.into() }
        } else if connecting {
            Self::Connect { endpoint, source: error.into() }
        } else {
            Self::Transport { endpoint, source: error.into() }
        }
    }
}

impl From<Refusal> for GuardError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A request that the rules do not let out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
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

impl Refusal {
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

impl fmt::Display for Refusal {
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

impl StdError for Refusal {}

/// The name has no address, as said by the resolver.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Unresolved(pub(crate) std::io::Error);

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
    /// The HTTP client could not be set up.
    #[error("could not set up the HTTP client")]
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
