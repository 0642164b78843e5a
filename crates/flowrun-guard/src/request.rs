//! What to ask for, and how long and how much to wait and read.

use std::fmt;
use std::time::Duration;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read something.
    Get,
    /// Read the headers only.
    Head,
    /// Send something.
    Post,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        })
    }
}

/// One request. Its `Debug` shows the method alone: address, headers and body hold secrets.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) compressed: bool,
    pub(crate) idempotent: bool,
    pub(crate) limits: Limits,
}

impl Request {
    /// A request for `url`, which is checked when the request is sent.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            compressed: false,
            idempotent: method != Method::Post,
            limits: Limits::default(),
        }
    }

    /// Adds a header. It goes to the host of the URL and to no other a redirect may lead to.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Asks for a compressed body and decodes it. Default: off.
    #[must_use]
    pub const fn compressed(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    /// Whether it does no harm when it arrives twice. Default: true for GET and HEAD, false for POST.
    ///
    /// A request that is idempotent may travel on a connection that was used before, and is sent once more on
    /// one of its own when the other side closes it without an answer. A request that is not is sent once, on a
    /// connection of its own.
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// The limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// How much one request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From the first byte to the last, all redirects included. Default: 30 s. Too short cuts slow sites off; too
    /// long lets one site hold its node up.
    pub total: Duration,
    /// Bytes of the body that are read, counted after decoding; the rest is dropped and the response says
    /// [`truncated`](crate::Response::truncated). Default: 64 KiB.
    pub body_bytes: usize,
    /// Bytes of the address, the headers and the body of the request. Default: 4 MiB. A larger one is not sent.
    pub request_bytes: usize,
    /// Redirects that are followed. Default: 0, the redirect itself is the response.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: Duration::from_secs(30), body_bytes: 64 << 10, request_bytes: 4 << 20, redirects: 0 }
    }
}

impl Limits {
    /// Sets [`total`](Self::total).
    #[must_use]
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets [`body_bytes`](Self::body_bytes).
    #[must_use]
    pub const fn body_bytes(mut self, body_bytes: usize) -> Self {
        self.body_bytes = body_bytes;
        self
    }

    /// Sets [`request_bytes`](Self::request_bytes).
    #[must_use]
    pub const fn request_bytes(mut self, request_bytes: usize) -> Self {
        self.request_bytes = request_bytes;
        self
    }

    /// Sets [`redirects`](Self::redirects).
    #[must_use]
    pub const fn redirects(mut self, redirects: usize) -> Self {
        self.redirects = redirects;
        self
    }
}
