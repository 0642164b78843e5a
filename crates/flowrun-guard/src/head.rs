//! A response whose body is still to come.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use url::Url;

use crate::body::Body;
use crate::encoding::Encodings;
use crate::stopwatch::Stopwatch;
use crate::wire::{Shelf, Wire};
use crate::{Certificate, Endpoint, GuardError, Headers, Redirect, Response, Timing};

/// The status and the headers of a response, before its body is read. Dropping it closes the connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResponseHead {
    /// Where the last redirect led; the address asked for if there was none.
    pub final_url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The headers, in the order they came.
    pub headers: Headers,
    /// The redirects that were followed, in order.
    pub redirects: Vec<Redirect>,
    /// The certificate of the last host, for https.
    pub certificate: Option<Certificate>,
    pub(crate) unread: Unread,
}

#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) body: Incoming,
    pub(crate) encodings: Encodings,
    pub(crate) endpoint: Endpoint,
    pub(crate) limit: usize,
    pub(crate) headers_after: std::time::Duration,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) kept: Shelf,
    pub(crate) wire: Wire,
}

impl ResponseHead {
    /// Whether the status says success (2xx).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Reads the body up to the limit.
    ///
    /// # Errors
    ///
    /// When the body breaks off, cannot be decoded or does not end within the time limit of the request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn body(self) -> Result<Response, GuardError> {
        match self.read().await {
            (response, None) => Ok(response),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads the body as far as it comes: one that breaks off, cannot be decoded or does not end within the time
    /// limit is [truncated](Response::truncated).
    ///
    /// # Cancel safety
    ///
    /// As [`body`](Self::body).
    pub async fn body_so_far(self) -> Response {
        self.read().await.0
    }

    async fn read(self) -> (Response, Option<GuardError>) {
        let Self { final_url, status, headers, redirects, certificate, unread } = self;
        let Unread { mut body, encodings, endpoint, limit, headers_after, mut stopwatch, kept, wire } =
            unread;
        let mut reading = Reading { endpoint, encodings, limit, decoder: None, transferred: 0 };
        let read = stopwatch.run(reading.read(&mut body)).await.and_then(|read| read);
        if matches!(read, Ok(End::Reached)) {
            kept.put(wire);
        } else {
            drop((body, wire));
        }
        let transferred_bytes = reading.transferred;
        let (bytes, is_cut, undecodable) = reading.finish();
        let error = read.err().or(undecodable);
        let response = Response {
            final_url,
            status,
            headers,
            redirects,
            timing: Timing { headers: headers_after, total: stopwatch.used() },
            body: bytes,
            truncated: is_cut || error.is_some(),
            transferred_bytes,
            certificate,
        };
        (response, error)
    }
}

/// Where reading stopped.
enum End {
    Reached,
    Limit,
}

/// A body on its way through its decoder.
struct Reading {
    endpoint: Endpoint,
    encodings: Encodings,
    limit: usize,
    /// Made with the first piece: responses to HEAD name the encoding of a body that never comes.
    decoder: Option<Body>,
    transferred: u64,
}

impl Reading {
    async fn read(&mut self, body: &mut Incoming) -> Result<End, GuardError> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| GuardError::broken(&self.endpoint, error))?;
            // Trailers are for nobody here.
            let Ok(piece) = frame.into_data() else { continue };
            self.transferred += piece.len() as u64;
            if !self.push(&piece)? {
                return Ok(End::Limit);
            }
        }
        Ok(End::Reached)
    }

    /// False when nothing more is wanted.
    fn push(&mut self, piece: &[u8]) -> Result<bool, GuardError> {
        let pushed = match &mut self.decoder {
            Some(decoder) => decoder.push(piece),
            unmade @ None => match Body::new(&self.encodings, self.limit) {
                Ok(made) => unmade.insert(made).push(piece),
                Err(error) => Err(error),
            },
        };
        pushed.map_err(|source| undecodable(&self.endpoint, &self.encodings, source))
    }

    /// The bytes, whether there were more, and what the decoder holds against them.
    fn finish(self) -> (Vec<u8>, bool, Option<GuardError>) {
        match self.decoder.map(Body::finish) {
            None => (Vec::new(), false, None),
            Some(Ok((bytes, is_cut))) => (bytes, is_cut, None),
            Some(Err(source)) => {
                (Vec::new(), true, Some(undecodable(&self.endpoint, &self.encodings, source)))
            }
        }
    }
}

fn undecodable(endpoint: &Endpoint, encodings: &Encodings, source: std::io::Error) -> GuardError {
    GuardError::Decode { endpoint: endpoint.clone(), encoding: encodings.name(), source }
}
