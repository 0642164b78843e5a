//! Which pages a site has, where nobody lists them: those of its sitemap, or those that links lead to.
//!
//! What is found is only looked at when `robots.txt` lets us (RFC 9309) and no pattern excludes it. Pages of other
//! origins are not the site's.

mod discovery;
mod pattern;
mod robots;
mod sitemap;
mod source;

pub use discovery::{Discovered, Discovery, DiscoveryError};
pub use pattern::PathPattern;
pub use source::{PageSource, PageSourceError};
