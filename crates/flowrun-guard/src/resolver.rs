//! From names to addresses: whose answer is connected to, so nothing can change between check and use.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::error::RefusedError;
use crate::policy::{Way, check_address};

/// Turns a name into addresses. Bring your own to use another name server, or none at all in tests.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of `name`.
    ///
    /// # Errors
    ///
    /// When the name has none, or the name server cannot be asked.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The addresses of `name`, refused as a whole when one of them is not public: a name that points into the
/// network from time to time is not a mistake.
pub(crate) async fn addresses(
    resolver: &dyn Resolver,
    name: &str,
    way: Way,
) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let addresses = resolver.resolve(name).await?;
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
    }
    if way == Way::Public {
        for &address in &addresses {
            check_address(address).map_err(|reason| RefusedError { endpoint: None, reason })?;
        }
    }
    Ok(addresses)
}
