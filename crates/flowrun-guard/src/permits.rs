//! How many connections are open at once. Whoever comes when there are no more waits, in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::Endpoint;

/// How many connections may be open at once, in all and to one host and port. Clones share them: guards that are
/// given the same permits hold to one limit together.
///
/// A request waits for its permits as long as it must, and its time limit begins when it has them. A connection
/// that is kept open for the next request keeps its permit, and is closed as soon as somebody waits for one.
///
/// ```
/// use flowrun_guard::{Guard, Permits};
///
/// let permits = Permits::new(32, 4);
/// let websites = Guard::builder().permits(permits.clone()).build()?;
/// let mail = Guard::builder().permits(permits).build()?;
/// # Ok::<(), flowrun_guard::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Permits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all: Arc<Semaphore>,
    per_host: usize,
    /// Of hosts that are spoken to; an entry that nobody holds is removed when the map grows.
    hosts: Mutex<BTreeMap<Endpoint, Weak<Semaphore>>>,
    /// How many wait for a permit, or for a file descriptor.
    waiting: AtomicUsize,
    /// Someone began to wait: connections at rest close.
    pressure: Notify,
    /// A connection was closed.
    closed: Notify,
}

/// Hosts that are remembered before the forgotten ones are looked for.
const HOSTS: usize = 64;

impl Default for Permits {
    /// 64 connections, 8 of them to one host and port.
    fn default() -> Self {
        Self::new(Self::CONNECTIONS, Self::CONNECTIONS_PER_HOST)
    }
}

impl Permits {
    /// How many connections are open at once where nothing else is said.
    pub const CONNECTIONS: usize = 64;

    /// Those of them to one host and port.
    pub const CONNECTIONS_PER_HOST: usize = 8;

    /// So many connections in all, and to one host and port. Too few make a wide flow slow; too many take the
    /// file descriptors of the process and the patience of the other side. Zero counts as one.
    #[must_use]
    pub fn new(all: usize, per_host: usize) -> Self {
        let bounded = |count: usize| count.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            all: Arc::new(Semaphore::new(bounded(all))),
            per_host: bounded(per_host),
            hosts: Mutex::default(),
            waiting: AtomicUsize::new(0),
            pressure: Notify::new(),
            closed: Notify::new(),
        }))
    }

    /// The right to speak to `endpoint`. It is taken before the one to open a connection: whoever waits for a
    /// busy host holds nothing that others could use.
    pub(crate) async fn to_speak(&self, endpoint: &Endpoint) -> HostPermit {
        let permit = self.host(endpoint).acquire_owned().await;
        HostPermit { _permit: permit.expect("the semaphore of a host is never closed") }
    }

    fn host(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(endpoint).and_then(Weak::upgrade) {
            return known;
        }
        if hosts.len() >= HOSTS {
            hosts.retain(|_, host| host.strong_count() > 0);
        }
        let host = Arc::new(Semaphore::new(self.0.per_host));
        hosts.insert(endpoint.clone(), Arc::downgrade(&host));
        host
    }

    /// The right to open a connection.
    pub(crate) async fn to_connect(&self) -> ConnectionPermit {
        let all = Arc::clone(&self.0.all);
        let permit = match Arc::clone(&all).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = self.wait();
                all.acquire_owned().await.expect("the semaphore of all connections is never closed")
            }
        };
        ConnectionPermit { shared: Arc::clone(&self.0), permit: Some(permit) }
    }

    /// Waits until a connection was closed somewhere, or this long. Connections at rest are closed.
    pub(crate) async fn descriptor_freed(&self, longest: Duration) -> bool {
        let closed = self.0.closed.notified();
        let _waiting = self.wait();
        tokio::time::timeout(longest, closed).await.is_ok()
    }

    /// Whether someone waits, so that no connection should be kept for later.
    pub(crate) fn are_wanted(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    /// Resolves once someone begins to wait after this call.
    pub(crate) fn pressure(&self) -> Notified<'_> {
        self.0.pressure.notified()
    }

    fn wait(&self) -> Waiting<'_> {
        // Counted before it is told: a connection that comes to rest in between sees the count.
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        self.0.pressure.notify_waiters();
        Waiting(&self.0.waiting)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Held while a host is spoken to.
#[derive(Debug)]
pub(crate) struct HostPermit {
    _permit: OwnedSemaphorePermit,
}

/// Held while a connection is open.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    shared: Arc<Shared>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.permit = None;
        self.shared.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint::new("a.example", port).unwrap()
    }

    /// Whether `future` is ready at once.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = future => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn a_busy_host_keeps_its_own_waiting_and_nobody_elses() {
        let permits = Permits::new(2, 1);
        let first = permits.to_speak(&endpoint(1)).await;
        assert!(at_once(permits.to_speak(&endpoint(1))).await.is_none());
        assert!(at_once(permits.to_speak(&endpoint(2))).await.is_some());
        drop(first);
        assert!(at_once(permits.to_speak(&endpoint(1))).await.is_some());
    }

    #[tokio::test]
    async fn connections_at_rest_hear_of_those_who_wait() {
        let permits = Permits::new(1, 1);
        let open = permits.to_connect().await;
        let pressure = permits.pressure();
        assert!(!permits.are_wanted());
        let mut waiting = Box::pin(permits.to_connect());
        assert!(at_once(&mut waiting).await.is_none());
        assert!(permits.are_wanted() && at_once(pressure).await.is_some());
        drop(open);
        assert!(at_once(waiting).await.is_some());
        assert!(!permits.are_wanted());
    }

    #[tokio::test]
    async fn hosts_nobody_speaks_to_are_forgotten() {
        let permits = Permits::default();
        let held = permits.to_speak(&endpoint(1)).await;
        for port in 2..1000 {
            permits.to_speak(&endpoint(port)).await;
        }
        assert!(permits.0.hosts.lock().unwrap().len() <= HOSTS);
        assert_eq!(permits.host(&endpoint(1)).available_permits(), 7);
        drop(held);
    }

    #[tokio::test]
    async fn zero_is_one() {
        let permits = Permits::new(0, 0);
        let _host = permits.to_speak(&endpoint(1)).await;
        assert!(at_once(permits.to_connect()).await.is_some());
    }
}
