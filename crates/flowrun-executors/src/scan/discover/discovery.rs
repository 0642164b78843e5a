//! The search for pages.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use flowrun_guard::{Guard, GuardError, Limits, Method, Request, Response, Url};
use thiserror::Error;

use super::robots::{self, Robots, path_of};
use super::sitemap::Sitemap;
use super::{PageSource, PathPattern};
use crate::scan::analysis::links_of;
use crate::scan::pace::Pace;
use crate::scan::references::without_fragment;

/// Redirects that are followed for `robots.txt` (RFC 9309, section 2.3.1.2) and sitemaps.
const REDIRECTS: usize = 5;

/// Sitemaps that are read of one site.
const SITEMAPS: usize = 50;

/// Bytes of a document or a sitemap that are read.
const BYTES: usize = 5 << 20;

/// Addresses that are asked for each page that is wanted: not everything a link leads to is one.
const ASKED_PER_PAGE: usize = 4;

/// Looks for the pages of a site.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Discovery {
    guard: Guard,
    source: PageSource,
    /// Pages whose paths match are left out. Default: none.
    pub exclude: Vec<PathPattern>,
    /// The pause between two requests. Default: 500 ms.
    pub delay: Duration,
    /// Whether `robots.txt` is asked. Default: true.
    pub robots: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovered {
    /// The pages, nearer ones first, each once.
    pub pages: Vec<Url>,
    /// Addresses that `robots.txt` keeps from us.
    pub disallowed: usize,
    /// Addresses that patterns exclude.
    pub excluded: usize,
    /// Whether there is more than was wanted.
    pub more: bool,
}

/// Why no pages were found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Where `robots.txt` cannot be read, everything counts as forbidden (RFC 9309, section 2.3.1.4).
    #[error("could not read `/robots.txt`, so no page may be looked for: {why}")]
    Robots {
        /// What happened.
        why: String,
    },
    /// No sitemap could be read.
    #[error("could not read a sitemap: {why}")]
    NoSitemap {
        /// What happened with the last one.
        why: String,
    },
    /// The page to begin with could not be read.
    #[error("could not read the site's address: {why}")]
    NoBeginning {
        /// What happened.
        why: String,
    },
    /// None of the addresses that were found is a page that may be looked at.
    #[error("found no page: {disallowed} are kept from us by `/robots.txt`, {excluded} are excluded")]
    NoPages {
        /// Addresses that `robots.txt` keeps from us.
        disallowed: usize,
        /// Addresses that patterns exclude.
        excluded: usize,
    },
}

impl Discovery {
    /// A search that asks through `guard`.
    #[must_use]
    pub const fn new(guard: Guard, source: PageSource) -> Self {
        Self { guard, source, exclude: Vec::new(), delay: Duration::from_millis(500), robots: true }
    }

    /// Adds one of the patterns to [`exclude`](Self::exclude).
    #[must_use]
    pub fn exclude(mut self, pattern: PathPattern) -> Self {
        self.exclude.push(pattern);
        self
    }

    /// Sets [`delay`](Self::delay).
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets [`robots`](Self::robots).
    #[must_use]
    pub const fn robots(mut self, robots: bool) -> Self {
        self.robots = robots;
        self
    }

    /// Looks for the pages of `site`.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`] when there is none.
    ///
    /// # Cancel safety
    ///
    /// Nothing is kept; call it again.
    pub async fn pages(&self, site: &Url) -> Result<Discovered, DiscoveryError> {
        let mut search = Search {
            discovery: self,
            site,
            pace: Pace::new(self.delay),
            robots: self.robots_of(site).await?,
            seen: BTreeSet::new(),
            found: Discovered::default(),
        };
        match self.source {
            PageSource::Sitemap { limit } => search.sitemaps(limit).await?,
            PageSource::Crawl { limit } => search.crawl(limit).await?,
        }
        let found = search.found;
        match found.pages.is_empty() {
            true => Err(DiscoveryError::NoPages { disallowed: found.disallowed, excluded: found.excluded }),
            false => Ok(found),
        }
    }

    /// The rules of the site. They are also asked for the sitemaps alone that they name.
    async fn robots_of(&self, site: &Url) -> Result<Robots, DiscoveryError> {
        let why = |why: String| DiscoveryError::Robots { why };
        let Ok(url) = site.join("/robots.txt") else { return Ok(Robots::default()) };
        match self.ask(&url, robots::BYTES, REDIRECTS).await {
            Ok(response) if response.is_success() => {
                let robots = Robots::read(&String::from_utf8_lossy(&response.body));
                Ok(if self.robots { robots } else { robots.without_rules() })
            }
            // A site without the file forbids nothing.
            Ok(response) if response.status < 500 || !self.robots => Ok(Robots::default()),
            Ok(response) => Err(why(format!("it answers {}", response.status))),
            Err(_) if !self.robots => Ok(Robots::default()),
            Err(error) => Err(why(error.explained())),
        }
    }

    async fn ask(&self, url: &Url, bytes: usize, redirects: usize) -> Result<Response, GuardError> {
        let limits = Limits::default().body_bytes(bytes).redirects(redirects);
        let request = Request::new(Method::Get, url.as_str()).compressed(true).limits(limits);
        self.guard.send(request).await
    }
}

/// A search that goes on.
struct Search<'a> {
    discovery: &'a Discovery,
    site: &'a Url,
    pace: Pace,
    robots: Robots,
    /// Every address that was looked at, without its fragment.
    seen: BTreeSet<Url>,
    found: Discovered,
}

impl Search<'_> {
    /// Whether an address is new, the site's, and may be looked at.
    fn takes(&mut self, url: &Url) -> bool {
        if url.origin() != self.site.origin() || !self.seen.insert(url.clone()) {
            return false;
        }
        let path = path_of(url);
        if self.discovery.exclude.iter().any(|pattern| pattern.matches(&path)) {
            self.found.excluded += 1;
            return false;
        }
        let allowed = self.robots.allow(url);
        self.found.disallowed += usize::from(!allowed);
        allowed
    }

    async fn sitemaps(&mut self, limit: usize) -> Result<(), DiscoveryError> {
        let named = self.robots.sitemaps.iter().filter_map(|url| self.site.join(url).ok());
        let mut left: VecDeque<Url> = named.filter(|url| url.origin() == self.site.origin()).collect();
        if left.is_empty() {
            left.extend(self.site.join("/sitemap.xml"));
        }
        let (mut read, mut failed) = (0, None);
        let mut asked = BTreeSet::new();
        while let Some(url) = left.pop_front() {
            if !asked.insert(url.clone()) || asked.len() > SITEMAPS {
                continue;
            }
            self.pace.turn_of(url.as_str()).await;
            let response = match self.discovery.ask(&url, BYTES, REDIRECTS).await {
                Ok(response) if response.is_success() => response,
                Ok(response) => {
                    failed = Some(format!("`{}` answers {}", url.path(), response.status));
                    continue;
                }
                Err(error) => {
                    failed = Some(error.explained());
                    continue;
                }
            };
            read += 1;
            let Sitemap { pages, sitemaps } = Sitemap::read(&String::from_utf8_lossy(&response.body));
            let further = sitemaps.iter().filter_map(|listed| url.join(listed).ok());
            left.extend(further.filter(|further| further.origin() == self.site.origin()));
            for page in pages.iter().filter_map(|listed| url.join(listed).ok()) {
                let page = without_fragment(&page);
                if !self.takes(&page) {
                    continue;
                }
                if self.found.pages.len() == limit {
                    self.found.more = true;
                    return Ok(());
                }
                self.found.pages.push(page);
            }
        }
        match failed {
            Some(why) if read == 0 => Err(DiscoveryError::NoSitemap { why }),
            _ => Ok(()),
        }
    }

    async fn crawl(&mut self, limit: usize) -> Result<(), DiscoveryError> {
        let beginning = without_fragment(self.site);
        let mut left = VecDeque::new();
        if self.takes(&beginning) {
            left.push_back(beginning.clone());
        }
        let mut asked = 0;
        while let Some(url) = left.pop_front() {
            if self.found.pages.len() == limit || asked == limit.saturating_mul(ASKED_PER_PAGE) {
                self.found.more = true;
                break;
            }
            asked += 1;
            self.pace.turn_of(url.as_str()).await;
            let read = match self.discovery.ask(&url, BYTES, 0).await {
                Ok(response) if response.is_success() => Ok(response),
                Ok(response) => match response.headers.get("location").and_then(|to| url.join(to).ok()) {
                    // Whether that may be asked for has to be seen first.
                    Some(target) if self.takes(&without_fragment(&target)) => {
                        left.push_front(without_fragment(&target));
                        continue;
                    }
                    Some(target) => {
                        Err(format!("it redirects to `{}`", target.origin().ascii_serialization()))
                    }
                    None => Err(format!("it answers {}", response.status)),
                },
                Err(error) => Err(error.explained()),
            };
            let response = match read {
                Ok(response) => response,
                Err(why) if url == beginning => return Err(DiscoveryError::NoBeginning { why }),
                // A link that leads nowhere is for the scan of the page that has it.
                Err(_) => continue,
            };
            let is_html = |kind: &str| kind.to_ascii_lowercase().contains("html");
            if !response.headers.get("content-type").is_none_or(is_html) {
                continue;
            }
            self.found.pages.push(url);
            for link in links_of(response).await.unwrap_or_default() {
                if self.takes(&link) {
                    left.push_back(link);
                }
            }
        }
        Ok(())
    }
}
