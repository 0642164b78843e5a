//! How a server is set.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use flowrun::Retention;
use ipnet::IpNet;

/// How a server answers. The defaults are right for a server on loopback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// Largest body in bytes; a larger one is answered with 413. Default: 16 MiB, which is several thousand nodes.
    pub max_body: usize,
    /// How long a body may take to arrive. Default: 30 s.
    pub body_timeout: Duration,
    /// How long the head of a request may take to arrive, and how long a connection may wait for the next one.
    /// Default: 15 s.
    pub head_timeout: Duration,
    /// Most connections at a time; further ones wait. Default: 4096.
    pub max_connections: usize,
    /// How long a stream of events may be silent; then a comment is sent, so that nobody on the way takes it for dead.
    /// Default: 15 s.
    pub heartbeat: Duration,
    /// How long a caller may take nothing of what is sent; then the connection is cut. Default: 30 s.
    pub write_timeout: Duration,
    /// Requests that a token may make in a second, and as many at once; further ones are answered with 429. Default:
    /// no limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Which runs that are over are kept; the others are deleted while the server is there. Default: all of them.
    pub retention: Retention,
    /// Most tasks at work at a time; further ones wait, and accounts and their sites have fair shares of them. Default: 256.
    pub max_tasks: usize,
    /// Proxies that are believed when they say how they were called, by `X-Forwarded-Proto` and
    /// `X-Forwarded-Host`. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that a browser may call from. Default: none.
    pub origins: BTreeSet<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_body: 16 << 20,
            body_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(15),
            max_connections: 4096,
            heartbeat: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            rate_limit: None,
            retention: Retention::default(),
            max_tasks: 256,
            trusted_proxies: Vec::new(),
            origins: BTreeSet::new(),
        }
    }
}

impl ServerOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the largest body in bytes.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets how long a body may take to arrive.
    #[must_use]
    pub const fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Sets how long the head of a request may take to arrive.
    #[must_use]
    pub const fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// Sets how many connections there may be at a time.
    #[must_use]
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets how long a stream of events may be silent.
    #[must_use]
    pub const fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// Sets how long a caller may take nothing of what is sent.
    #[must_use]
    pub const fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Sets how many requests a token may make in a second.
    #[must_use]
    pub const fn rate_limit(mut self, a_second: NonZeroU32) -> Self {
        self.rate_limit = Some(a_second);
        self
    }

    /// Sets which runs that are over are kept.
    #[must_use]
    pub const fn retention(mut self, keep: Retention) -> Self {
        self.retention = keep;
        self
    }

    /// Sets how many tasks may be at work at a time, at least 1.
    #[must_use]
    pub const fn max_tasks(mut self, tasks: usize) -> Self {
        self.max_tasks = tasks;
        self
    }

    /// Believes the proxies in this network.
    #[must_use]
    pub fn trusted_proxy(mut self, net: IpNet) -> Self {
        self.trusted_proxies.push(net);
        self
    }

    /// Lets browsers call from this origin, such as `https://app.example.com`.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.insert(origin.into());
        self
    }
}
