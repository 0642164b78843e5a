//! One connection that speaks HTTP/1.1, and those that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connect::Connection;
use crate::permits::HostPermit;
use crate::{Certificate, Endpoint, Permits};

/// Bytes of response headers that are read.
pub(crate) const HEADER_BYTES: usize = 32 << 10;

/// Headers of a response that are read: more than any server sends that means well.
const HEADERS: usize = 1000;

/// How long a connection is kept for the next request. Servers close theirs after 5 to 75 seconds.
const REST: Duration = Duration::from_secs(20);

/// Connections to one host that are kept.
const KEPT: usize = 4;

/// A connection that speaks HTTP. Dropping it closes the connection at once.
#[derive(Debug)]
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    /// Whether it is at rest. The task that drives the connection ends with this sender.
    rest: watch::Sender<bool>,
    driver: JoinHandle<()>,
    seat: Seat,
    endpoint: Endpoint,
    pub(crate) certificate: Option<Certificate>,
}

/// Where the permit to speak to the host lies while the connection is used. The driver holds it too, so that it
/// is given back after the connection was closed and not before.
type Seat = Arc<Mutex<Option<HostPermit>>>;

/// Why a request got no response.
pub(crate) struct Unanswered {
    pub(crate) error: hyper::Error,
    /// Not one byte of it was sent.
    pub(crate) is_unsent: bool,
}

impl Wire {
    pub(crate) async fn open(
        connection: Connection,
        endpoint: Endpoint,
        permits: Permits,
        host: HostPermit,
    ) -> Result<Self, hyper::Error> {
        let certificate = connection.certificate();
        let (sender, driven) = http1::Builder::new()
            .max_headers(HEADERS)
            .max_header_size(HEADER_BYTES)
            .handshake(TokioIo::new(connection))
            .await?;
        let (rest, resting) = watch::channel(false);
        // It ends when `rest` is dropped, so it needs no other owner.
        let seat = Arc::new(Mutex::new(Some(host)));
        let driver = tokio::spawn(drive(driven, resting, permits, Arc::clone(&seat)));
        Ok(Self { sender, rest, driver, seat, endpoint, certificate })
    }

    /// Closes the connection and waits until it is closed.
    pub(crate) async fn close(self) {
        let Self { sender, rest, driver, .. } = self;
        drop((sender, rest));
        // A driver that panicked has dropped the connection as well.
        let _ = driver.await;
    }

    /// Takes or gives back the permit to speak to the host.
    fn seat(&self, host: Option<HostPermit>) -> Option<HostPermit> {
        std::mem::replace(&mut *self.seat.lock().unwrap_or_else(PoisonError::into_inner), host)
    }

    /// Takes a kept connection up again, when the response before was dealt with. Gives the permit back when the
    /// other side has closed the connection.
    pub(crate) async fn resume(mut self, host: HostPermit) -> Result<Self, HostPermit> {
        self.rest.send_replace(false);
        if self.sender.ready().await.is_err() {
            return Err(host);
        }
        self.seat(Some(host));
        Ok(self)
    }

    pub(crate) async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, Unanswered> {
        self.sender.try_send_request(request).await.map_err(|mut error| Unanswered {
            is_unsent: error.take_message().is_some(),
            error: error.into_error(),
        })
    }
}

/// Moves the bytes of one connection until either side is done with it.
async fn drive(
    connection: http1::Connection<TokioIo<Connection>, Full<Bytes>>,
    mut rest: watch::Receiver<bool>,
    permits: Permits,
    // Parameters are dropped after what stands in the body: after the connection.
    _seat: Seat,
) {
    tokio::pin!(connection);
    loop {
        // In this order: who begins to wait after the second line is heard by the first.
        let pressure = permits.pressure();
        let is_at_rest = *rest.borrow_and_update();
        if is_at_rest && permits.are_wanted() {
            return;
        }
        tokio::select! {
            // The request that is affected is told; nobody else has to know.
            _ = &mut connection => return,
            changed = rest.changed() => if changed.is_err() { return },
            () = pressure, if is_at_rest => {}
            () = tokio::time::sleep(REST), if is_at_rest => return,
        }
    }
}

/// Connections at rest, the longest first. They keep their permits, so their number has a limit.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<Wire>>);

impl Kept {
    /// The connection to `endpoint` that was used last.
    pub(crate) fn take(&self, endpoint: &Endpoint) -> Option<Wire> {
        let mut kept = self.lock();
        kept.retain(|wire| !wire.sender.is_closed());
        let at = kept.iter().rposition(|wire| wire.endpoint == *endpoint)?;
        kept.remove(at)
    }

    /// Keeps a connection whose response was read to its end.
    pub(crate) fn put(&self, wire: Wire) {
        let mut kept = self.lock();
        if kept.iter().filter(|other| other.endpoint == wire.endpoint).count() < KEPT {
            wire.rest.send_replace(true);
            let host = wire.seat(None);
            kept.push_back(wire);
            drop((kept, host));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Wire>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place a wire goes back to.
pub(crate) type Shelf = Arc<Kept>;
