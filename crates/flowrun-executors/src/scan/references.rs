//! What a document points at: links, images, scripts, styles, frames and media, each address once.

use std::collections::BTreeSet;

use flowrun_guard::Url;

use super::document::{Element, has_word, is_word};
use super::page::{ADDRESS_BYTES, Page, trimmed};
use super::srcset;

/// What `link` elements may point at and a browser would fetch or a visitor follow. Others (`preconnect`,
/// `dns-prefetch`) name hosts, not documents.
const LINKS: &[&str] = &[
    "alternate",
    "apple-touch-icon",
    "author",
    "canonical",
    "help",
    "icon",
    "license",
    "manifest",
    "mask-icon",
    "modulepreload",
    "next",
    "prefetch",
    "preload",
    "prev",
    "search",
    "stylesheet",
];

/// One address the document points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As it stands in the document.
    pub(crate) written: String,
    /// Where it leads.
    pub(crate) target: Target,
}

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To another document.
    Address(Url),
    /// To this very page, and whether the place it names is there.
    OnPage(bool),
    /// It is no address; why.
    Malformed(String),
    /// It is longer than addresses that are followed.
    TooLong,
}

/// All references of the page, in the order of the document.
pub(crate) fn references(page: &Page) -> Vec<Reference> {
    let anchors = anchors(page);
    let here = without_fragment(&page.url);
    let (mut seen, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    let mut references = Vec::new();
    for written in page.all_elements().flat_map(written) {
        let reference = trimmed(&written);
        let target = match page.join(reference) {
            _ if reference.is_empty() => continue,
            _ if reference.len() > ADDRESS_BYTES => Target::TooLong,
            Ok(url) if !matches!(url.scheme(), "http" | "https") => continue,
            Ok(url) if seen.contains(&url) => continue,
            Ok(url) => {
                seen.insert(url.clone());
                match without_fragment(&url) == here {
                    true => Target::OnPage(place(&url).is_none_or(|place| place.is_among(&anchors))),
                    false => Target::Address(url),
                }
            }
            Err(_) if !wrong.insert(reference.to_owned()) => continue,
            Err(error) => Target::Malformed(error.to_string()),
        };
        references.push(Reference { written: written.into_owned(), target });
    }
    references
}

/// What a page loads by itself, for audits: every address but those a visitor has to follow.
pub(crate) fn loaded<'a>(element: Element<'a>) -> Vec<std::borrow::Cow<'a, str>> {
    let follows = match element.name() {
        "a" | "area" => true,
        "link" => !["stylesheet", "icon", "manifest", "modulepreload", "preload"]
            .iter()
            .any(|kind| has_word(element.attr("rel"), kind)),
        _ => false,
    };
    if follows { Vec::new() } else { written(element) }
}

/// The names a fragment may lead to.
pub(crate) fn anchors(page: &Page) -> BTreeSet<String> {
    let name = |element: Element<'_>| match element.name() {
        "a" => element.attr("name").map(str::to_owned),
        _ => None,
    };
    page.all_elements()
        .filter(|element| !element.in_shadow())
        .flat_map(|element| [element.attr("id").map(str::to_owned), name(element)])
        .flatten()
        .collect()
}

/// A place on a page that an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    raw: String,
    decoded: String,
}

impl Place {
    /// Whether a document with these names has the place: as it is written, else decoded (HTML standard, section
    /// 7.4.6.3).
    pub(crate) fn is_among(&self, anchors: &BTreeSet<String>) -> bool {
        anchors.contains(&self.raw) || anchors.contains(&self.decoded)
    }
}

/// The place on a page that an address names; `None` when it names none that the document must have.
///
/// The top of the page always exists, what follows `:~:` is an instruction to the browser, and `#/…` and `#!…`
/// belong to applications that draw their own pages.
pub(crate) fn place(url: &Url) -> Option<Place> {
    let fragment = url.fragment()?;
    let fragment = fragment.split_once(":~:").map_or(fragment, |(fragment, _)| fragment);
    let ignored = fragment.is_empty()
        || fragment.eq_ignore_ascii_case("top")
        || ["/", "!"].iter().any(|start| fragment.starts_with(start));
    (!ignored).then(|| Place { raw: fragment.to_owned(), decoded: decoded(fragment) })
}

pub(crate) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// Every address an element points at, as it is written.
fn written<'a>(element: Element<'a>) -> Vec<std::borrow::Cow<'a, str>> {
    let one = |value: Option<&'a str>| value.map(std::borrow::Cow::Borrowed);
    let src = || one(element.attr("src"));
    let candidates = |value: Option<&'a str>| value.map(srcset::addresses).unwrap_or_default();
    let (single, many): ([Option<_>; 2], Vec<_>) = match element.name() {
        "a" | "area" => ([one(element.href()), None], Vec::new()),
        "img" | "source" => ([src(), None], candidates(element.attr("srcset"))),
        "video" => ([src(), one(element.attr("poster"))], Vec::new()),
        "script" if !element.is_html() => ([one(element.href()), None], Vec::new()),
        "audio" | "embed" | "frame" | "iframe" | "script" | "track" => ([src(), None], Vec::new()),
        "input" if is_word(element.attr("type"), "image") => ([src(), None], Vec::new()),
        "object" => ([one(element.attr("data")), None], Vec::new()),
        // The pictures of drawings.
        "feImage" | "image" | "use" if !element.is_html() => ([one(element.href()), None], Vec::new()),
        "link" if LINKS.iter().any(|kind| has_word(element.attr("rel"), kind)) => {
            ([one(element.attr("href")), None], candidates(element.attr("imagesrcset")))
        }
        _ => ([None, None], Vec::new()),
    };
    single.into_iter().flatten().chain(many.into_iter().map(std::borrow::Cow::Borrowed)).collect()
}

/// Percent-decodes what is percent-encoded UTF-8, and leaves the rest.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let hex = hex.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fragments_that_name_a_place_count_and_instructions_are_cut_off() {
        let place = |text: &str| place(&Url::parse(&format!("http://a.example/{text}")).unwrap());
        let found = |text: &str, name: &str| {
            place(text).is_some_and(|place| place.is_among(&BTreeSet::from([name.to_owned()])))
        };
        assert!(found("#part-%C3%A9%", "part-é%"));
        assert!(found("#part-é", "part-é"));
        // As it is written comes first: the name itself may look encoded.
        assert!(found("#a%20b", "a%20b") && found("#a%20b", "a b"));
        assert!(found("#%FF", "%FF") && found("#%+1", "%+1"));
        assert!(found("#part:~:text=x", "part") && !found("#part:~:text=x", "part:~:text=x"));
        for none in ["", "#", "#top", "#TOP", "#/route", "#!route", "#:~:text=x", "#top:~:text=x"] {
            assert_eq!(place(none), None, "{none}");
        }
    }
}
