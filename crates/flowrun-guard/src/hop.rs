//! What is sent on the present hop of a request.

use std::io;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, USER_AGENT,
};
use url::Url;

use crate::{Endpoint, GuardError, Method, Request};

/// Headers of a request: more than any server takes.
const HEADERS: usize = 1000;

pub(crate) struct Hop {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    pub(crate) compressed: bool,
    pub(crate) idempotent: bool,
}

impl Hop {
    pub(crate) fn new(request: Request) -> Result<Self, GuardError> {
        if request.headers.len() > HEADERS {
            return Err(GuardError::TooManyHeaders { count: request.headers.len(), limit: HEADERS });
        }
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            let parsed = (HeaderName::try_from(&name), HeaderValue::try_from(value));
            let (Ok(parsed), Ok(value)) = parsed else { return Err(GuardError::InvalidHeader { name }) };
            headers.append(parsed, value);
        }
        // The length is that of the body, and two opinions about it are two requests to someone on the way.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        let (method, body) = (request.method, request.body.into());
        Ok(Self { method, headers, body, compressed: request.compressed, idempotent: request.idempotent })
    }

    /// Refuses a request that is larger than `limit`.
    pub(crate) fn check_size(&self, url: &Url, endpoint: &Endpoint, limit: usize) -> Result<(), GuardError> {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        let bytes = url.as_str().len() + headers.sum::<usize>() + self.body.len();
        if bytes > limit {
            return Err(GuardError::RequestTooLarge { endpoint: endpoint.clone(), bytes, limit });
        }
        Ok(())
    }

    pub(crate) fn request(
        &self,
        url: &Url,
        endpoint: &Endpoint,
    ) -> Result<hyper::Request<Full<Bytes>>, GuardError> {
        let impossible = |source: Box<dyn std::error::Error + Send + Sync>| {
            GuardError::connect(endpoint, io::Error::new(io::ErrorKind::InvalidInput, source))
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let (method, body) = match self.method {
            Method::Get => (hyper::Method::GET, Bytes::new()),
            Method::Head => (hyper::Method::HEAD, Bytes::new()),
            Method::Post => (hyper::Method::POST, self.body.clone()),
        };
        let mut request = hyper::Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().map_err(|error| impossible(Box::new(error)))?;
        let mut headers = self.headers.clone();
        headers.insert(HOST, HeaderValue::try_from(host).map_err(|error| impossible(Box::new(error)))?);
        let product = HeaderValue::from_static(concat!("flowrun/", env!("CARGO_PKG_VERSION")));
        headers.entry(USER_AGENT).or_insert(product);
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if self.compressed {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"));
        }
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Turns to the next hop as browsers do (Fetch standard, HTTP-redirect fetch).
    pub(crate) fn redirected(&mut self, status: u16, same_origin: bool) {
        if self.method == Method::Post && matches!(status, 301..=303) {
            self.method = Method::Get;
            self.body = Bytes::new();
            self.headers.remove(CONTENT_TYPE);
        }
        if !same_origin {
            // Credentials and whatever else was meant for the first host.
            self.headers.clear();
        }
    }
}
