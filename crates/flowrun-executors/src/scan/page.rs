//! A page as it was served: response and document together, and the questions audits ask of them.

use std::borrow::Cow;
use std::time::SystemTime;

use flowrun_guard::{Certificate, Headers, Response, Url};

use super::charset::Charset;
use super::document::{Document, Element, is_word};
use super::parse::{Unparsed, parse};
use super::watch::Watch;

/// The longest address in a document that is followed, in bytes. Servers take some 8,000 and browsers more; what
/// is longer was made to be expensive.
pub(crate) const ADDRESS_BYTES: usize = 8 << 10;

/// Everything the audits look at. Holds a parsed document, so it never crosses an await.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) headers: Headers,
    /// What responses on the way here and the page itself set, each `Set-Cookie` with the address it came from.
    pub(crate) cookies: Vec<(Url, String)>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) transferred_bytes: u64,
    pub(crate) surroundings: Surroundings,
    pub(crate) charset: Charset,
    document: Document,
    base: Url,
}

/// What had to be asked beside the page itself. `None`: not measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// When the page was looked at.
    pub(crate) now: Option<SystemTime>,
    /// Whether plain http leads to https.
    pub(crate) redirects_to_https: Option<bool>,
    /// The status of `/robots.txt`.
    pub(crate) robots_status: Option<u16>,
}

impl Page {
    /// Parses the body of a response; `None` when the watch is over before. CPU work: keep it off the threads that
    /// drive tasks.
    pub(crate) fn parse(response: &Response, surroundings: Surroundings, watch: Watch) -> Option<Self> {
        let mut charset = Charset::of(response);
        let parsed = loop {
            let text = charset.decode(&response.body);
            let is_news = |label: &str| charset.changed_by(label).is_some();
            match parse(&text, &watch, &is_news) {
                Ok(parsed) => break parsed,
                Err(Unparsed::Late) => return None,
                // It comes from a `meta` element from now on, so there is no third time.
                Err(Unparsed::Charset(label)) => charset = charset.changed_by(&label)?,
            }
        };
        let document = Document::new(parsed, watch)?;
        let url = response.final_url.clone();
        Some(Self {
            base: base(&document, &url, charset),
            url,
            headers: response.headers.clone(),
            cookies: cookies(response),
            certificate: response.certificate,
            transferred_bytes: response.transferred_bytes,
            surroundings,
            charset,
            document,
        })
    }

    /// A page at `https://a.example/` with this document and nothing else.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let hour = std::time::Duration::from_secs(3600);
        let (watch, _wanted) = Watch::until(std::time::Instant::now() + hour);
        let parsed = parse(text, &watch, &|_| false).expect("there is time");
        let url = Url::parse("https://a.example/").expect("it is an address");
        let charset = Charset { encoding: encoding_rs::UTF_8, source: super::charset::Source::Header };
        // Nobody waits for it any more once `_wanted` is gone, so the document gets a watch of its own.
        let (own, wanted) = Watch::until(std::time::Instant::now() + hour);
        std::mem::forget(wanted);
        Self {
            document: Document::new(parsed, own).expect("there is time"),
            base: url.clone(),
            url,
            headers: Headers::default(),
            cookies: Vec::new(),
            certificate: None,
            transferred_bytes: 0,
            surroundings: Surroundings::default(),
            charset,
        }
    }

    pub(crate) const fn document(&self) -> &Document {
        &self.document
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// All elements called `name`, in the order of the document.
    pub(crate) fn elements(&self, name: &'static str) -> impl Iterator<Item = Element<'_>> {
        self.document.named(name)
    }

    pub(crate) fn all_elements(&self) -> impl Iterator<Item = Element<'_>> {
        self.document.all()
    }

    /// The contents of all `meta` elements called `name`, in the order of the document.
    pub(crate) fn metas(&self, name: &str) -> impl Iterator<Item = &str> {
        self.metas_by("name", name)
    }

    /// The contents of all `meta` elements that stand for the header `name`.
    pub(crate) fn pragmas(&self, name: &str) -> impl Iterator<Item = &str> {
        self.metas_by("http-equiv", name)
    }

    fn metas_by(&self, key: &'static str, name: &str) -> impl Iterator<Item = &str> {
        let named = move |meta: &Element<'_>| meta.is_html() && is_word(meta.attr(key), name);
        self.elements("meta").filter(named).filter_map(|meta| meta.attr("content"))
    }

    /// The text of the document's title; the titles of drawings are not.
    pub(crate) fn title(&self) -> Option<String> {
        let title = self.elements("title").find(|title| title.is_html() && !title.in_shadow())?.text();
        Some(title.trim().to_owned()).filter(|title| !title.is_empty())
    }

    /// Where a reference in the document leads, if that is over http or https.
    pub(crate) fn resolve(&self, reference: &str) -> Option<Url> {
        let reference = trimmed(reference);
        let url = (reference.len() <= ADDRESS_BYTES).then(|| self.join(reference))?.ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// The address a reference stands for.
    ///
    /// # Errors
    ///
    /// When it stands for none.
    pub(crate) fn join(&self, reference: &str) -> Result<Url, url::ParseError> {
        join(&self.base, reference, self.charset)
    }

    /// Whether `url` belongs to someone else, as far as the public suffix list can tell.
    pub(crate) fn is_third_party(&self, url: &Url) -> bool {
        match (self.url.host_str(), url.host_str()) {
            (Some(own), Some(other)) => own != other && owner(own) != owner(other),
            _ => false,
        }
    }
}

/// A reference without the white space that addresses may stand in (HTML standard: strip leading and trailing).
pub(crate) fn trimmed(reference: &str) -> &str {
    reference.trim_matches(['\t', '\n', '\x0c', '\r', ' '])
}

/// What `reference` means at `base`. Queries are written in the document's own character set (URL standard).
fn join(base: &Url, reference: &str, charset: Charset) -> Result<Url, url::ParseError> {
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| charset.encode(text);
    Url::options().base_url(Some(base)).encoding_override(Some(encode)).parse(reference)
}

/// What addresses of the document are relative to: the first `base` with an `href` says so, and no other.
fn base(document: &Document, url: &Url, charset: Charset) -> Url {
    let mut bases = document.named("base").filter(|base| base.is_html() && !base.in_shadow());
    let written = bases.find_map(|base| base.attr("href")).map(trimmed);
    let base =
        written.filter(|base| base.len() <= ADDRESS_BYTES).and_then(|base| join(url, base, charset).ok());
    base.filter(|base| !matches!(base.scheme(), "data" | "javascript")).unwrap_or_else(|| url.clone())
}

fn cookies(response: &Response) -> Vec<(Url, String)> {
    let of = |url: &Url, headers: &Headers| {
        headers.get_all("set-cookie").map(|cookie| (url.clone(), cookie.to_owned())).collect::<Vec<_>>()
    };
    let mut cookies: Vec<_> = response.redirects.iter().flat_map(|hop| of(&hop.from, &hop.headers)).collect();
    cookies.extend(of(&response.final_url, &response.headers));
    cookies
}

/// The registrable domain of a host; the host itself when it has none (addresses, `localhost`).
fn owner(host: &str) -> &str {
    psl::domain_str(host).unwrap_or(host)
}
