//! The door itself: checks, connects, follows redirects hop by hop.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use url::Url;

use crate::connect::{Connection, Dialer};
use crate::encoding::Encodings;
use crate::error::{Reason, RefusedError};
use crate::head::Unread;
use crate::hop::Hop;
use crate::policy::{Policy, Way};
use crate::response::{Headers, Redirect};
use crate::stopwatch::Stopwatch;
use crate::tls::Roots;
use crate::wire::{HEADER_BYTES, Shelf, Wire};
use crate::{BuildError, Endpoint, GuardBuilder, GuardError, Permits, Request, Response, ResponseHead};

/// The one way out. Cheap to clone; clones share connections, so give each account a guard of its own.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: Policy,
    dialer: Dialer,
    roots: Roots,
    kept: Shelf,
}

impl Guard {
    /// A guard with no exceptions; set them before [`build`](GuardBuilder::build).
    #[must_use]
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    pub(crate) fn new(policy: Policy, dialer: Dialer, roots: Roots) -> Self {
        Self(Arc::new(Inner { policy, dialer, roots, kept: Shelf::default() }))
    }

    /// The same rules, resolver and permits, with one more certificate authority, given in DER: for the one host
    /// that is known by it.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the certificate cannot be used.
    pub fn trusting(&self, der: impl Into<Vec<u8>>) -> Result<Self, BuildError> {
        let roots = self.0.roots.clone().with([der.into()])?;
        let Dialer { resolver, permits, timeout, .. } = &self.0.dialer;
        let (resolver, permits, timeout) = (Arc::clone(resolver), permits.clone(), *timeout);
        let dialer = Dialer { resolver, permits, timeout, tls: roots.config()? };
        Ok(Self::new(self.0.policy.clone(), dialer, roots))
    }

    /// The same rules, resolver and certificates, with other permits: for connections that stay open, which others
    /// to the same host must not wait for.
    #[must_use]
    pub fn with_permits(&self, permits: Permits) -> Self {
        let Dialer { resolver, timeout, tls, .. } = &self.0.dialer;
        let (resolver, tls) = (Arc::clone(resolver), Arc::clone(tls));
        let dialer = Dialer { resolver, permits, timeout: *timeout, tls };
        Self::new(self.0.policy.clone(), dialer, self.0.roots.clone())
    }

    /// How many connections it may open, to share them with another guard.
    #[must_use]
    pub fn permits(&self) -> &Permits {
        &self.0.dialer.permits
    }

    /// Sends a request and reads the response, redirects included.
    ///
    /// # Errors
    ///
    /// [`GuardError::Refused`] when the rules do not let it out, another variant when no response came. A
    /// response with a bad status is a response.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection. The other side may have received the request.
    pub async fn send(&self, request: Request) -> Result<Response, GuardError> {
        self.start(request).await?.body().await
    }

    /// Sends a request and gives the response as soon as its headers are there: for callers to whom the body
    /// does not matter, or not always.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn start(&self, request: Request) -> Result<ResponseHead, GuardError> {
        let (mut url, first) = self.parse(&request.url)?;
        let limits = request.limits;
        let mut stopwatch = Stopwatch::new(first, limits.total);
        let mut hop = Hop::new(request)?;
        let mut redirects = Vec::new();
        loop {
            let (endpoint, way) = self.0.policy.check(&url)?;
            hop.check_size(&url, &endpoint, limits.request_bytes)?;
            let (response, wire) = self.exchange(&url, &endpoint, way, &hop, &mut stopwatch).await?;
            let status = response.status().as_u16();
            let (parts, body) = response.into_parts();
            let headers = Headers::of(&parts.headers);
            let location = headers.location(status).filter(|_| limits.redirects > 0).map(str::to_owned);
            let Some(location) = location else {
                let encodings = match hop.compressed {
                    true => Encodings::of(headers.get_all("content-encoding")),
                    false => Encodings::default(),
                };
                return Ok(ResponseHead {
                    final_url: url,
                    status,
                    redirects,
                    certificate: wire.certificate,
                    unread: Unread {
                        headers_after: stopwatch.used(),
                        kept: Arc::clone(&self.0.kept),
                        limit: limits.body_bytes,
                        body,
                        encodings,
                        endpoint,
                        stopwatch,
                        wire,
                    },
                    headers,
                });
            };
            if redirects.len() == limits.redirects {
                return Err(GuardError::TooManyRedirects { endpoint, limit: limits.redirects });
            }
            let next = url
                .join(&location)
                .map_err(|source| GuardError::BadRedirect { endpoint: endpoint.clone(), source })?;
            if url.scheme() == "https" && next.scheme() == "http" {
                return Err(RefusedError { endpoint: Endpoint::of(&next), reason: Reason::Downgrade }.into());
            }
            if body.is_end_stream() {
                self.0.kept.put(wire);
            }
            hop.redirected(status, next.origin() == url.origin());
            redirects.push(Redirect { from: url, status, headers });
            url = next;
        }
    }

    /// Checks everything that an address alone tells, without looking a name up or sending anything: to refuse
    /// an address when it is typed. [`send`](Self::send) checks it again, and what its name resolves to.
    ///
    /// ```
    /// use flowrun_guard::Guard;
    ///
    /// let guard = Guard::builder().build()?;
    /// assert!(guard.check_url("https://example.com/hook").is_ok());
    /// assert!(guard.check_url("http://0x7f.1/").is_err());
    /// # Ok::<(), flowrun_guard::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`GuardError::Refused`] or [`GuardError::InvalidUrl`].
    pub fn check_url(&self, url: &str) -> Result<(), GuardError> {
        self.parse(url).map(drop)
    }

    fn parse(&self, url: &str) -> Result<(Url, Endpoint), GuardError> {
        let url = Url::parse(url).map_err(|source| GuardError::InvalidUrl { source })?;
        let (endpoint, _) = self.0.policy.check(&url)?;
        Ok((url, endpoint))
    }

    /// Checks a host that is spoken to in another protocol, and returns its addresses.
    ///
    /// A client that resolves the name again may be told something else: [`connect`](Self::connect) connects to
    /// what was checked.
    ///
    /// # Errors
    ///
    /// [`GuardError::Refused`] or [`GuardError::Resolve`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is kept; call it again.
    pub async fn check_host(&self, endpoint: &Endpoint) -> Result<Vec<IpAddr>, GuardError> {
        let way = self.0.policy.check_endpoint(endpoint)?;
        self.0.dialer.addresses(endpoint, way).await
    }

    /// Opens a connection to a host that is spoken to in another protocol, on whatever port. It waits for its
    /// permits without a limit.
    ///
    /// # Errors
    ///
    /// [`GuardError::Refused`], [`GuardError::Resolve`] or [`GuardError::Connect`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection, on which nothing was sent.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Connection, GuardError> {
        let way = self.0.policy.check_endpoint(endpoint)?;
        let host = self.permits().to_speak(endpoint).await;
        let mut stopwatch = Stopwatch::new(endpoint.clone(), self.0.dialer.timeout);
        let connection = self.0.dialer.dial(endpoint, way, false, &mut stopwatch).await?;
        Ok(connection.held_with(host))
    }

    /// Begins TLS on a connection to `endpoint` that has none, within the time limit of connecting. With one
    /// that has, it changes nothing.
    ///
    /// # Errors
    ///
    /// [`GuardError::Tls`] or [`GuardError::Connect`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn secure(
        &self,
        connection: Connection,
        endpoint: &Endpoint,
    ) -> Result<Connection, GuardError> {
        self.0.dialer.upgrade(connection, endpoint).await
    }

    /// One request to one host, headers read.
    ///
    /// A connection that rests may be closed by the other side at any moment, also while a request is on its
    /// way to it, and then nobody can know whether it was read. So a request that is not idempotent travels on
    /// a connection of its own; one that is, is sent once more, on a connection of its own.
    async fn exchange(
        &self,
        url: &Url,
        endpoint: &Endpoint,
        way: Way,
        hop: &Hop,
        stopwatch: &mut Stopwatch,
    ) -> Result<(hyper::Response<Incoming>, Wire), GuardError> {
        let mut wire = self.wire(url, endpoint, way, !hop.idempotent, stopwatch).await?;
        let mut answered = stopwatch.run(wire.send(hop.request(url, endpoint)?)).await?;
        if hop.idempotent && answered.as_ref().is_err_and(|failed| !failed.error.is_parse()) {
            wire.close().await;
            wire = self.wire(url, endpoint, way, true, stopwatch).await?;
            answered = stopwatch.run(wire.send(hop.request(url, endpoint)?)).await?;
        }
        let response = answered.map_err(|failed| GuardError::unanswered(endpoint, failed))?;
        check_headers(&response, endpoint)?;
        Ok((response, wire))
    }

    /// A connection for one request: one that rests, unless it has to be fresh.
    async fn wire(
        &self,
        url: &Url,
        endpoint: &Endpoint,
        way: Way,
        fresh: bool,
        stopwatch: &mut Stopwatch,
    ) -> Result<Wire, GuardError> {
        let mut host = self.permits().to_speak(endpoint).await;
        match self.0.kept.take(endpoint) {
            // One less at rest for one more in use: the limit for the host holds.
            Some(kept) if fresh => kept.close().await,
            Some(kept) => match stopwatch.run(kept.resume(host)).await? {
                Ok(wire) => return Ok(wire),
                Err(given_back) => host = given_back,
            },
            None => {}
        }
        let connection = self.0.dialer.dial(endpoint, way, url.scheme() == "https", stopwatch).await?;
        let opened = Wire::open(connection, endpoint.clone(), self.permits().clone(), host).await;
        opened.map_err(|error| GuardError::connect(endpoint, error))
    }
}

fn check_headers(response: &hyper::Response<Incoming>, endpoint: &Endpoint) -> Result<(), GuardError> {
    let headers = response.headers().iter();
    let bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES {
        return Err(GuardError::HeadersTooLarge { endpoint: endpoint.clone(), limit: HEADER_BYTES });
    }
    Ok(())
}
