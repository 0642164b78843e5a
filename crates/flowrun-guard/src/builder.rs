//! How a guard is set up.

use std::sync::Arc;
use std::time::Duration;

use crate::connect::Dialer;
use crate::policy::Policy;
use crate::tls::{Roots, certificates_of};
use crate::{BuildError, Endpoint, Guard, Permits, Resolver, SystemResolver};

/// Options of a [`Guard`].
pub struct GuardBuilder {
    policy: Policy,
    resolver: Arc<dyn Resolver>,
    connect_timeout: Duration,
    permits: Permits,
    bundled: bool,
    roots: Vec<Vec<u8>>,
}

impl std::fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardBuilder")
            .field("policy", &self.policy)
            .field("connect_timeout", &self.connect_timeout)
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

impl Default for GuardBuilder {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            resolver: Arc::new(SystemResolver),
            connect_timeout: Duration::from_secs(5),
            permits: Permits::default(),
            bundled: true,
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
        self.resolver = Arc::new(resolver);
        self
    }

    /// How long connecting may take, TLS included. Default: 5 s. Too short cuts off far hosts; the time limit
    /// of the request holds in any case.
    #[must_use]
    pub const fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// How many connections may be open at once. Default: [`Permits::default`], of its own.
    #[must_use]
    pub fn permits(mut self, permits: Permits) -> Self {
        self.permits = permits;
        self
    }

    /// Trusts one more certificate authority, given in DER.
    #[must_use]
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(der.into());
        self
    }

    /// Trusts the certificate authorities of a PEM text, as files of certificates are.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when it holds none, or something that is cut off.
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Result<Self, BuildError> {
        self.roots.extend(certificates_of(pem)?);
        Ok(self)
    }

    /// Whether the certificate authorities of Mozilla, which come with this crate, are trusted. Default: true.
    #[must_use]
    pub const fn bundled_roots(mut self, bundled: bool) -> Self {
        self.bundled = bundled;
        self
    }

    /// Sets the guard up. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a root certificate cannot be used.
    pub fn build(self) -> Result<Guard, BuildError> {
        let roots = if self.bundled { Roots::bundled() } else { Roots::none() }.with(self.roots)?;
        let dialer = Dialer {
            resolver: self.resolver,
            permits: self.permits,
            timeout: self.connect_timeout,
            tls: roots.config()?,
        };
        Ok(Guard::new(self.policy, dialer, roots))
    }
}
