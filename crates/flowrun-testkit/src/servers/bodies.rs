//! Bodies that no client should read to the end. They are made as they are read, so size costs no memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame};

static CHUNK: [u8; 64 * 1024] = [0; 64 * 1024];

/// So many bytes of zero, or zeros without end; the length is not announced.
pub(super) struct Zeros {
    left: Option<u64>,
}

impl Zeros {
    pub(super) const fn endless() -> Self {
        Self { left: None }
    }

    pub(super) const fn bytes(count: u64) -> Self {
        Self { left: Some(count) }
    }
}

impl Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut self.left {
            None => &CHUNK[..],
            Some(0) => return Poll::Ready(None),
            Some(left) => {
                let len = CHUNK.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= len as u64;
                &CHUNK[..len]
            }
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk)))))
    }
}

/// A body that gives its text and then neither more nor an end.
pub(super) struct Stalled(Option<&'static str>);

impl Stalled {
    pub(super) const fn after(text: &'static str) -> Self {
        Self(Some(text))
    }
}

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))),
            // Nobody is woken: the server drops the body with its connection.
            None => Poll::Pending,
        }
    }
}
