//! A page as it was served: response and document together, and the questions audits ask of them.

use std::time::{Duration, Instant, SystemTime};

use flowrun_guard::{Certificate, Headers, Response, Url};
use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::{ByteTendril, TendrilSink};
use scraper::{ElementRef, Html, HtmlTreeSink};

/// Time for parsing one document. Honest ones of the largest size take a tenth of a second; a tag with half a
/// million attributes, or a million tags inside each other, would take minutes.
const PARSE_LIMIT: Duration = Duration::from_secs(10);
/// Bytes parsed between two looks at the clock.
const PIECE: usize = 4 << 10;

/// Everything the audits look at. Holds a parsed document, so it never crosses an await.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) headers: Headers,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) transferred_bytes: u64,
    pub(crate) surroundings: Surroundings,
    document: Html,
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
    /// Parses the body of a response; `None` when that takes too long. CPU work: keep it off the threads that
    /// drive tasks.
    pub(crate) fn parse(response: &Response, surroundings: Surroundings) -> Option<Self> {
        let document = parse(&response.body, PARSE_LIMIT)?;
        let url = response.final_url.clone();
        let mut page = Self {
            base: url.clone(),
            url,
            headers: response.headers.clone(),
            certificate: response.certificate,
            transferred_bytes: response.transferred_bytes,
            surroundings,
            document,
        };
        let base = page.elements("base").find_map(|base| page.url.join(base.attr("href")?).ok());
        if let Some(base) = base {
            page.base = base;
        }
        Some(page)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn has_html_doctype(&self) -> bool {
        let mut children = self.document.tree.root().children();
        children.any(|node| node.value().as_doctype().is_some_and(|doctype| doctype.name() == "html"))
    }

    /// All elements called `name`, in the order of the document.
    pub(crate) fn elements(&self, name: &'static str) -> impl Iterator<Item = ElementRef<'_>> {
        self.all_elements().filter(move |element| element.value().name() == name)
    }

    pub(crate) fn all_elements(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.document.tree.nodes().filter_map(ElementRef::wrap)
    }

    /// The content of the `meta` element called `name`.
    pub(crate) fn meta(&self, name: &str) -> Option<&str> {
        self.elements("meta")
            .find(|meta| is_word(meta.attr("name"), name) || is_word(meta.attr("http-equiv"), name))
            .and_then(|meta| meta.attr("content"))
    }

    /// The text of the document's title.
    pub(crate) fn title(&self) -> Option<String> {
        let title: String = self.elements("title").next()?.text().collect();
        Some(title.trim().to_owned()).filter(|title| !title.is_empty())
    }

    /// Where a reference in the document leads, if that is over http or https.
    pub(crate) fn resolve(&self, reference: &str) -> Option<Url> {
        self.base.join(reference.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// Whether `url` belongs to someone else, as far as the public suffix list can tell.
    pub(crate) fn is_third_party(&self, url: &Url) -> bool {
        match (self.url.host_str(), url.host_str()) {
            (Some(own), Some(other)) => own != other && owner(own) != owner(other),
            _ => false,
        }
    }
}

/// Parses a document, piece by piece so that it can be given up.
fn parse(document: &[u8], limit: Duration) -> Option<Html> {
    let start = Instant::now();
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = parse_document(sink, ParseOpts::default()).from_utf8();
    for piece in document.chunks(PIECE) {
        if start.elapsed() > limit {
            return None;
        }
        parser.process(ByteTendril::from_slice(piece));
    }
    Some(parser.finish())
}

/// The registrable domain of a host; the host itself when it has none (addresses, `localhost`).
fn owner(host: &str) -> &str {
    psl::domain_str(host).unwrap_or(host)
}

/// Whether `value` is `word`, in any case and with white space around it.
pub(crate) fn is_word(value: Option<&str>, word: &str) -> bool {
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
}

/// Whether one of the words in `value` is `word`, in any case.
pub(crate) fn has_word(value: Option<&str>, word: &str) -> bool {
    value.is_some_and(|value| value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word)))
}

/// Whether an element says something to people who cannot see it.
pub(crate) fn has_label(element: ElementRef<'_>) -> bool {
    let labelled = |name| element.attr(name).is_some_and(|value| !value.trim().is_empty());
    labelled("aria-label") || labelled("aria-labelledby") || labelled("title")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_given_up_when_its_time_is_over() {
        let long = "<p>é".repeat(PIECE);
        let html = parse(long.as_bytes(), PARSE_LIMIT).expect("it is parsed in time");
        assert_eq!(html.root_element().text().filter(|text| *text == "é").count(), PIECE);
        assert!(parse(long.as_bytes(), Duration::ZERO).is_none());
    }
}
