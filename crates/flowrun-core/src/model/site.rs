//! Sites and their pages: what a flow runs on.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json;

/// A site with its pages. Unknown keys of a site read from JSON are written back.
///
/// ```
/// use flowrun_core::{Page, Site};
///
/// let site = Site::new("https://example.com/").with_page(Page::new("https://example.com/about"));
/// assert_eq!(site.site_url(), "https://example.com");
/// assert_eq!(site.pages().len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Site {
    id: String,
    site_url: String,
    pages: Vec<Page>,
    document: Option<Box<RawValue>>,
}

/// A page of a site. Unknown keys of a page read from JSON are written back.
///
/// ```
/// use flowrun_core::Page;
///
/// let page = Page::new("https://example.com/about").with_id("about");
/// assert_eq!((page.id(), page.page_url()), ("about", "https://example.com/about"));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    id: String,
    page_url: String,
    document: Option<Box<RawValue>>,
}

impl Site {
    /// A site at `url`, without pages. A trailing `/` is dropped, as the original does, and the id is derived
    /// from the address, so that the same site has the same id in every run.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        let mut site_url = url.into();
        site_url.truncate(site_url.trim_end_matches('/').len());
        Self { id: id_of(&site_url), site_url, pages: Vec::new(), document: None }
    }

    /// The same site under the id `id`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The same site with one more page.
    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.pages.push(page);
        self
    }

    /// The id, a UUID where it was not chosen by the caller.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address, without a trailing `/`.
    #[must_use]
    pub fn site_url(&self) -> &str {
        &self.site_url
    }

    /// The pages, in their order.
    #[must_use]
    pub fn pages(&self) -> &[Page] {
        &self.pages
    }
}

impl Page {
    /// A page at `url`, with an id derived from the address. The address is kept as given.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        let page_url = url.into();
        Self { id: id_of(&page_url), page_url, document: None }
    }

    /// The same page under the id `id`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The id, a UUID where it was not chosen by the caller.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address.
    #[must_use]
    pub fn page_url(&self) -> &str {
        &self.page_url
    }
}

fn id_of(url: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, url.as_bytes()).to_string()
}

#[derive(Deserialize)]
struct SiteKnown {
    id: String,
    site_url: String,
    #[serde(default)]
    pages: Option<Vec<Page>>,
}

#[derive(Deserialize)]
struct PageKnown {
    id: String,
    page_url: String,
}

impl<'de> Deserialize<'de> for Site {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Box::<RawValue>::deserialize(deserializer)?;
        let known: SiteKnown = serde_json::from_str(document.get()).map_err(serde::de::Error::custom)?;
        let pages = known.pages.unwrap_or_default();
        Ok(Self { id: known.id, site_url: known.site_url, pages, document: Some(document) })
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Box::<RawValue>::deserialize(deserializer)?;
        let known: PageKnown = serde_json::from_str(document.get()).map_err(serde::de::Error::custom)?;
        Ok(Self { id: known.id, page_url: known.page_url, document: Some(document) })
    }
}

impl Serialize for Site {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (id, url) = (json::to_json(&self.id), json::to_json(&self.site_url));
        let pages = json::to_json(&self.pages);
        let new = [("id", &*id), ("site_url", &*url), ("pages", &*pages)];
        overlaid(self.document.as_deref(), &new).serialize(serializer)
    }
}

impl Serialize for Page {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (id, url) = (json::to_json(&self.id), json::to_json(&self.page_url));
        overlaid(self.document.as_deref(), &[("id", &id), ("page_url", &url)]).serialize(serializer)
    }
}

/// The document with the members in `new` laid over it, ready to be written.
fn overlaid(document: Option<&RawValue>, new: &[(&str, &str)]) -> Box<RawValue> {
    let mut out = String::new();
    json::overlay(&mut out, document.map_or("{}", RawValue::get), new);
    RawValue::from_string(out).expect("overlay writes JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_of_sites_and_pages_survive() {
        let text = concat!(
            r#"{"id":"s","site_url":"https://a.example","tags":["x"],"#,
            r#""pages":[{"page_url":"https://a.example/p","id":"p","info":{"n":1e2}}]}"#
        );
        let site: Site = serde_json::from_str(text).unwrap();
        assert_eq!(site.pages()[0].id(), "p");
        assert_eq!(serde_json::to_string(&site).unwrap(), text);
    }
}
