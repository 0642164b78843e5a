//! The site and the pages a run works on, as the command line names them.

use flowrun::{Page, Site};
use url::Url;

/// Where a run works. Whatever stands here was named by the operator and may be private.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) site: Site,
    /// The addresses of the site and of every page.
    pub(crate) addresses: Vec<Url>,
}

/// A `--page` is no address.
#[derive(Debug, thiserror::Error)]
#[error(
    "page {number} of the site is neither an http or https address without a user and password nor a path"
)]
pub(crate) struct NotAPage {
    /// Its place among the pages, from 1. What was typed is not repeated: it may hold a password.
    number: usize,
}

impl Target {
    /// A site with pages, each an address or a path below the site; without pages, its address is the page.
    pub(crate) fn new(site: &Url, pages: &[String]) -> Result<Self, NotAPage> {
        let mut addresses = vec![site.clone()];
        for (page, number) in pages.iter().zip(1..) {
            let is_fetched = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
            let is_open = |url: &Url| url.username().is_empty() && url.password().is_none();
            match site.join(page) {
                Ok(url) if is_fetched(&url) && is_open(&url) => addresses.push(url),
                Ok(_) | Err(_) => return Err(NotAPage { number }),
            }
        }
        let pages = if pages.is_empty() { &addresses } else { &addresses[1..] };
        let site =
            pages.iter().fold(Site::new(site.as_str()), |site, url| site.with_page(Page::new(url.as_str())));
        Ok(Self { site, addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(site: &str, pages: &[&str]) -> Vec<String> {
        let pages: Vec<String> = pages.iter().map(|&page| page.to_owned()).collect();
        let target = Target::new(&site.parse().unwrap(), &pages).unwrap();
        target.site.pages().iter().map(|page| page.page_url().to_owned()).collect()
    }

    #[test]
    fn pages_are_addresses_or_paths_and_the_site_is_the_page_when_there_are_none() {
        assert_eq!(pages("http://a", &[]), ["http://a/"]);
        assert_eq!(pages("http://a/b", &["/c?d=1", "https://e/f"]), ["http://a/c?d=1", "https://e/f"]);
    }

    #[test]
    fn a_page_that_cannot_be_fetched_is_told_by_its_number() {
        for page in ["ftp://a", "javascript:alert(1)", "http://", "http://user:word@a", "//word@a"] {
            let pages = ["/".to_owned(), page.to_owned()];
            let error = Target::new(&"http://a".parse().unwrap(), &pages).unwrap_err().to_string();
            assert!(error.contains("page 2") && !error.contains(page), "{error}");
        }
    }
}
