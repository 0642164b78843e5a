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
#[error("the page `{page}` is neither an http or https address nor a path")]
pub(crate) struct NotAPage {
    page: String,
}

impl Target {
    /// A site with pages, each an address or a path below the site; without pages, its address is the page.
    pub(crate) fn new(site: &Url, pages: &[String]) -> Result<Self, NotAPage> {
        let mut addresses = vec![site.clone()];
        for page in pages {
            match site.join(page) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => addresses.push(url),
                Ok(_) | Err(_) => return Err(NotAPage { page: crate::render::plain(page) }),
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
    fn a_page_that_cannot_be_fetched_is_named() {
        for page in ["ftp://a", "javascript:alert(1)", "http://"] {
            let error = Target::new(&"http://a".parse().unwrap(), &[page.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(page), "{error}");
        }
    }
}
