//! What came back. All of it was written by a stranger.

use std::time::Duration;

use hyper::header::HeaderMap;
use url::Url;

use crate::Certificate;

/// A response, its body read up to the limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// Where the last redirect led; the address asked for if there was none.
    pub final_url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The headers, in the order they came.
    pub headers: Headers,
    /// The redirects that were followed, in order.
    pub redirects: Vec<Redirect>,
    /// How long it took.
    pub timing: Timing,
    /// The body, decoded if compression was asked for.
    pub body: Vec<u8>,
    /// Whether the body goes on beyond the limit.
    pub truncated: bool,
    /// Bytes of the body as they came over the wire, before decoding; up to where reading stopped.
    pub transferred_bytes: u64,
    /// The certificate of the last host, for https.
    pub certificate: Option<Certificate>,
}

impl Response {
    /// Whether the status says success (2xx).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// One redirect on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect {
    /// The address that redirected.
    pub from: Url,
    /// The status it did so with.
    pub status: u16,
    /// Its headers, in the order they came.
    pub headers: Headers,
}

impl Redirect {
    /// A hop that was made by other means, such as a document that sends its visitor on.
    #[must_use]
    pub const fn new(from: Url, status: u16, headers: Headers) -> Self {
        Self { from, status, headers }
    }
}

/// How long a response took, counted from the start of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// Until the headers of the final response: name resolution, connecting and redirects included.
    pub headers: Duration,
    /// Until the body was read.
    pub total: Duration,
}

/// Headers of a response. Names are compared without regard to case; bytes that are no UTF-8 are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect()
    }

    /// Where a response with this status redirects to.
    pub(crate) fn location(&self, status: u16) -> Option<&str> {
        matches!(status, 301 | 302 | 303 | 307 | 308).then(|| self.get("location"))?
    }

    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
