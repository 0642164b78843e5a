//! Host and port: what the allow list holds and what errors name.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};

/// A host and a port: `example.com:443`, `127.0.0.1:8080`, `[::1]:25`.
///
/// Spellings are folded as a URL parser folds them, so `EXAMPLE.com` equals `example.com` and `0x7f.1` equals
/// `127.0.0.1`. A name and the address behind it are two different endpoints.
///
/// ```
/// use flowrun_guard::Endpoint;
///
/// let endpoint: Endpoint = "LOCALHOST:8080".parse()?;
/// assert_eq!(endpoint, Endpoint::new("localhost", 8080)?);
/// assert_eq!(Endpoint::of_url("https://example.com/a")?.to_string(), "example.com:443");
/// # Ok::<(), flowrun_guard::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    host: Host,
    port: u16,
}

impl Endpoint {
    /// The endpoint at `host` (a name, an IPv4 address or an IPv6 address in brackets).
    ///
    /// # Errors
    ///
    /// When `host` cannot be the host of a URL.
    pub fn new(host: &str, port: u16) -> Result<Self, EndpointError> {
        match Host::parse(host) {
            Ok(host) => Ok(Self { host, port }),
            Err(_) => Err(EndpointError(format!("{host}:{port}"))),
        }
    }

    /// The endpoint an `http` or `https` URL points at.
    ///
    /// # Errors
    ///
    /// When `url` is no URL, or one without host or port. The error does not repeat it: addresses hold secrets.
    pub fn of_url(url: &str) -> Result<Self, EndpointError> {
        let not_a_url = || EndpointError("the given address".to_owned());
        let url = Url::parse(url).map_err(|_| not_a_url())?;
        Self::of(&url).ok_or_else(not_a_url)
    }

    pub(crate) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port_or_known_default()? })
    }

    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| EndpointError(text.to_owned()))?;
        let port = port.parse().map_err(|_| EndpointError(text.to_owned()))?;
        Self::new(host, port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The text names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no HOST:PORT")]
pub struct EndpointError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written_alike() {
        for text in ["example.com:443", "127.0.0.1:8080", "[::1]:25"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for text in ["", "example.com", "a b:1", "::1:25", "example.com:65536", "example.com:", ":80"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
