//! Where pages are looked for.

use std::str::FromStr;

use thiserror::Error;

/// Pages found where nothing else is said.
const PAGES: usize = 50;

/// The most pages that are ever looked for: more are not a scan but a copy.
const MOST: usize = 10_000;

/// Where pages of a site are looked for, and how many of them are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSource {
    /// The sitemaps that `robots.txt` names, else `/sitemap.xml`.
    Sitemap {
        /// Pages at most.
        limit: usize,
    },
    /// Links, from the site's address on, nearer pages first.
    Crawl {
        /// Pages at most.
        limit: usize,
    },
}

impl PageSource {
    /// How many pages are taken at most.
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::Sitemap { limit } | Self::Crawl { limit } => limit,
        }
    }
}

/// The text is no source of pages.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is neither `sitemap` nor `crawl`, with or without a number of pages from 1 to {MOST} as in `crawl:20`"
)]
pub struct PageSourceError(String);

impl FromStr for PageSource {
    type Err = PageSourceError;

    /// Reads `sitemap`, `crawl`, or one of them with a number: `crawl:20`. Without a number it is 50 pages.
    fn from_str(text: &str) -> Result<Self, PageSourceError> {
        let bad = || PageSourceError(text.to_owned());
        let (name, limit) = match text.split_once(':') {
            None => (text, PAGES),
            Some((name, number)) => (name, number.parse().map_err(|_| bad())?),
        };
        match name {
            _ if !(1..=MOST).contains(&limit) => Err(bad()),
            "sitemap" => Ok(Self::Sitemap { limit }),
            "crawl" => Ok(Self::Crawl { limit }),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read() {
        assert_eq!("sitemap".parse(), Ok(PageSource::Sitemap { limit: 50 }));
        assert_eq!("crawl".parse(), Ok(PageSource::Crawl { limit: 50 }));
        assert_eq!("crawl:7".parse(), Ok(PageSource::Crawl { limit: 7 }));
        assert_eq!("sitemap:10000".parse::<PageSource>().unwrap().limit(), 10_000);
        for bad in ["", "crawl:", "crawl:0", "crawl:-1", "crawl:10001", "links", "crawl:1:2"] {
            assert!(bad.parse::<PageSource>().is_err(), "{bad}");
        }
    }
}
