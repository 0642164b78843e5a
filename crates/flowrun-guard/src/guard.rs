//! The door itself: checks, connects, follows redirects hop by hop, reads with bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::body::Body;
use crate::encoding::Encodings;
use crate::error::{Reason, Refusal};
use crate::policy::{Policy, Way, check_address};
use crate::resolver::{self, Checked, Resolver, SystemResolver};
use crate::response::{Headers, Redirect, Timing};
use crate::{BuildError, Certificate, Endpoint, GuardError, Method, Request, Response};

/// Bytes of response headers that are read.
const HEADER_BYTES: usize = 32 << 10;

/// The one way out. Cheap to clone; clones share connections, so give each account a guard of its own.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: Policy,
    resolver: Debugless<dyn Resolver>,
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// Connects to what the operator named, whatever it resolves to.
    allowed: reqwest::Client,
}

impl Guard {
    /// A guard with no exceptions; set them before [`build`](GuardBuilder::build).
    #[must_use]
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
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
        let (url, endpoint) = self.parse(&request.url)?;
        let limit = request.limits.total;
        match tokio::time::timeout(limit, self.follow(url, request)).await {
            Ok(result) => result,
            Err(_) => Err(GuardError::Timeout { endpoint, limit }),
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
    /// A client that resolves the name again may be told something else; connect to what this returns where
    /// the client can be told to.
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
        match endpoint.host() {
            Host::Ipv4(address) => Ok(vec![IpAddr::V4(*address)]),
            Host::Ipv6(address) => Ok(vec![IpAddr::V6(*address)]),
            Host::Domain(name) => {
                resolver::addresses(&*self.0.resolver.0, name, way).await.map_err(|error| {
                    match error.downcast::<Refusal>() {
                        Ok(refusal) => Refusal { endpoint: Some(endpoint.clone()), ..*refusal }.into(),
                        Err(source) => GuardError::Resolve { endpoint: endpoint.clone(), source },
                    }
                })
            }
        }
    }

    async fn follow(&self, mut url: Url, request: Request) -> Result<Response, GuardError> {
        let start = Instant::now();
        let limits = request.limits;
        let mut hop = Hop::new(request)?;
        let mut redirects = Vec::new();
        loop {
            let (endpoint, way) = self.0.policy.check(&url)?;
            let response = self.exchange(&url, &endpoint, way, &hop).await?;
            let status = response.status().as_u16();
            let location = target_of_redirect(&response).filter(|_| limits.redirects > 0);
            let Some(location) = location else {
                let certificate = certificate_of(&response);
                let headers = headers_of(&response);
                let headers_after = start.elapsed();
                let encodings = match hop.compressed {
                    true => Encodings::of(headers.get_all("content-encoding")),
                    false => Encodings::default(),
                };
                let body = read(response, &endpoint, encodings, limits.body_bytes).await?;
                return Ok(Response {
                    final_url: url,
                    status,
                    headers,
                    redirects,
                    timing: Timing { headers: headers_after, total: start.elapsed() },
                    body: body.bytes,
                    truncated: body.truncated,
                    transferred_bytes: body.transferred,
                    certificate,
                });
            };
            if redirects.len() == limits.redirects {
                return Err(GuardError::TooManyRedirects { endpoint, limit: limits.redirects });
            }
            let next = url
                .join(&location)
                .map_err(|source| GuardError::BadRedirect { endpoint: endpoint.clone(), source })?;
            if url.scheme() == "https" && next.scheme() == "http" {
                return Err(Refusal { endpoint: Endpoint::of(&next), reason: Reason::Downgrade }.into());
            }
            hop.redirected(status, next.origin() == url.origin());
            redirects.push(Redirect { from: url, status, headers: headers_of(&response) });
            url = next;
        }
    }

    /// One request to one host, headers read and the peer checked.
    async fn exchange(
        &self,
        url: &Url,
        endpoint: &Endpoint,
        way: Way,
        hop: &Hop,
    ) -> Result<reqwest::Response, GuardError> {
        let client = match way {
            Way::Public => &self.0.public,
            Way::Allowed => &self.0.allowed,
        };
        let method = match hop.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = client.request(method, url.clone()).headers(hop.headers.clone());
        if hop.compressed {
            request = request.header("accept-encoding", "gzip, deflate");
        }
        if hop.method == Method::Post {
            request = request.body(hop.body.clone());
        }
        let response = request.send().await.map_err(|error| GuardError::of_client(endpoint, error))?;
        // The second look: were the resolver or the client mistaken, the answer would still not be used.
        if let (Way::Public, Some(peer)) = (way, response.remote_addr()) {
            check_address(peer.ip())
                .map_err(|reason| Refusal { endpoint: Some(endpoint.clone()), reason })?;
        }
        let bytes: usize =
            response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > HEADER_BYTES {
            return Err(GuardError::HeadersTooLarge { endpoint: endpoint.clone(), limit: HEADER_BYTES });
        }
        Ok(response)
    }
}

/// Options of a [`Guard`].
#[derive(Debug)]
pub struct GuardBuilder {
    policy: Policy,
    resolver: Debugless<dyn Resolver>,
    connect_timeout: Duration,
    roots: Vec<Vec<u8>>,
}

impl Default for GuardBuilder {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            resolver: Debugless(Arc::new(SystemResolver)),
            connect_timeout: Duration::from_secs(5),
            roots: Vec::new(),
        }
    }
}

impl GuardBuilder {
    /// Opens one port of one host, private or not: what `--allow-host` does.
    #[must_use]
    pub fn allow(mut self, endpoint: Endpoint) -> Self {
        self.policy.allowed.insert(endpoint);
        self
    }

    /// Who turns names into addresses. Default: the operating system.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Debugless(Arc::new(resolver));
        self
    }

    /// How long connecting may take, TLS included. Default: 5 s. Too short cuts off far hosts; the time limit
    /// of the request holds in any case.
    #[must_use]
    pub const fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Trusts one more certificate authority, given in DER, beside the bundled ones of Mozilla.
    #[must_use]
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(der.into());
        self
    }

    /// Sets the guard up. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a root certificate cannot be used.
    pub fn build(self) -> Result<Guard, BuildError> {
        let tls = tls_config(self.roots)?;
        let client = |way| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .tls_info(true)
                .dns_resolver(Checked { resolver: Arc::clone(&self.resolver.0), way })
                // Proxies of the environment would resolve names out of the guard's sight.
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(self.connect_timeout)
                .pool_max_idle_per_host(4)
                .user_agent(concat!("flowrun/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| BuildError::Client { source: error.into() })
        };
        let (public, allowed) = (client(Way::Public)?, client(Way::Allowed)?);
        Ok(Guard(Arc::new(Inner { policy: self.policy, resolver: self.resolver, public, allowed })))
    }
}

/// Mozilla's roots, bundled: the same everywhere, also where no package with certificates is installed.
fn tls_config(roots: Vec<Vec<u8>>) -> Result<ClientConfig, BuildError> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for (index, der) in roots.into_iter().enumerate() {
        store.add(der.into()).map_err(|error| BuildError::RootCertificate { index, source: error.into() })?;
    }
    // The provider is named, not installed: a library sets no global.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::Client { source: error.into() })?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// What is sent on the present hop.
struct Hop {
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
    compressed: bool,
}

impl Hop {
    fn new(request: Request) -> Result<Self, GuardError> {
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            let parsed = (HeaderName::try_from(&name), HeaderValue::try_from(value));
            let (Ok(parsed), Ok(value)) = parsed else { return Err(GuardError::InvalidHeader { name }) };
            headers.append(parsed, value);
        }
        Ok(Self { method: request.method, headers, body: request.body, compressed: request.compressed })
    }

    /// Turns to the next hop as browsers do (Fetch standard, HTTP-redirect fetch).
    fn redirected(&mut self, status: u16, same_origin: bool) {
        if self.method == Method::Post && matches!(status, 301..=303) {
            self.method = Method::Get;
            self.body.clear();
            self.headers.remove("content-type");
        }
        if !same_origin {
            // Credentials and whatever else was meant for the first host.
            self.headers.clear();
        }
    }
}

fn target_of_redirect(response: &reqwest::Response) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get("location")?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

fn headers_of(response: &reqwest::Response) -> Headers {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    response.headers().iter().map(|(name, value)| (name.as_str(), text(value))).collect()
}

fn certificate_of(response: &reqwest::Response) -> Option<Certificate> {
    let info = response.extensions().get::<reqwest::tls::TlsInfo>()?;
    Certificate::from_der(info.peer_certificate()?)
}

struct ReadBody {
    bytes: Vec<u8>,
    truncated: bool,
    transferred: u64,
}

async fn read(
    mut response: reqwest::Response,
    endpoint: &Endpoint,
    encodings: Encodings,
    limit: usize,
) -> Result<ReadBody, GuardError> {
    let undecodable =
        |source| GuardError::Decode { endpoint: endpoint.clone(), encoding: encodings.name(), source };
    let mut transferred = 0;
    // Responses to HEAD name the encoding of a body that never comes.
    let mut first = response.chunk().await.map_err(|error| GuardError::of_client(endpoint, error))?;
    let expected = if first.is_some() { &encodings } else { &Encodings::default() };
    let mut body = Body::new(expected, limit).map_err(undecodable)?;
    while let Some(piece) = first.take() {
        transferred += piece.len() as u64;
        if !body.push(&piece).map_err(undecodable)? {
            break;
        }
        first = response.chunk().await.map_err(|error| GuardError::of_client(endpoint, error))?;
    }
    let (bytes, truncated) = body.finish().map_err(undecodable)?;
    Ok(ReadBody { bytes, truncated, transferred })
}

/// Something shared that has nothing to show in `Debug`.
struct Debugless<T: ?Sized>(Arc<T>);

impl<T: ?Sized> std::fmt::Debug for Debugless<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}
