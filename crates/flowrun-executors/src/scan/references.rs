//! What a document points at: links, images, scripts and styles, each address once.

use std::collections::BTreeSet;

use flowrun_guard::Url;
use scraper::ElementRef;

use super::page::{Page, has_word};

/// One address the document points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As it stands in the document.
    pub(crate) written: String,
    /// Where it leads.
    pub(crate) url: Url,
    /// Whether the answer is known without asking: the reference leads to a place on this very page.
    pub(crate) on_page: Option<bool>,
}

/// All references of the page, in the order of the document.
pub(crate) fn references(page: &Page) -> Vec<Reference> {
    let anchors = anchors(page);
    let mut seen = BTreeSet::new();
    page.all_elements()
        .filter_map(reference_of)
        .filter_map(|written| Some((written, page.resolve(written)?)))
        .filter(|(_, url)| seen.insert(url.clone()))
        .map(|(written, url)| {
            let here = without_fragment(&url) == without_fragment(&page.url);
            let on_page = fragment(&url).filter(|_| here).map(|name| anchors.contains(&name));
            Reference { written: written.to_owned(), url, on_page: on_page.or(here.then_some(true)) }
        })
        .collect()
}

/// The names a fragment may lead to.
pub(crate) fn anchors(page: &Page) -> BTreeSet<String> {
    let name = |element: ElementRef<'_>| match element.value().name() {
        "a" => element.attr("name").map(str::to_owned),
        _ => None,
    };
    page.all_elements()
        .flat_map(|element| [element.attr("id").map(str::to_owned), name(element)])
        .flatten()
        .collect()
}

/// The place on a page that an address names; `None` when it names none that the document must have.
///
/// The top of the page always exists, `:~:` is an instruction to the browser, and `#/…` and `#!…` belong to
/// applications that draw their own pages.
pub(crate) fn fragment(url: &Url) -> Option<String> {
    let fragment = url.fragment()?;
    let ignored = fragment.is_empty()
        || fragment.eq_ignore_ascii_case("top")
        || [":~:", "/", "!"].iter().any(|start| fragment.starts_with(start));
    (!ignored).then(|| decoded(fragment))
}

pub(crate) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

fn reference_of(element: ElementRef<'_>) -> Option<&str> {
    let reference = match element.value().name() {
        "a" => element.attr("href"),
        "img" | "script" => element.attr("src"),
        // Others (`preconnect`, `dns-prefetch`) name hosts, not documents.
        "link"
            if ["stylesheet", "icon", "manifest", "canonical", "alternate", "next", "prev"]
                .iter()
                .any(|kind| has_word(element.attr("rel"), kind)) =>
        {
            element.attr("href")
        }
        _ => None,
    };
    reference.filter(|reference| !reference.trim().is_empty())
}

/// Percent-decodes what is percent-encoded UTF-8, and leaves the rest.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
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
    fn fragments_are_decoded_and_only_those_that_name_a_place_count() {
        let place = |text: &str| fragment(&Url::parse(&format!("http://a.example/{text}")).unwrap());
        assert_eq!(place("#part-%C3%A9%"), Some("part-é%".into()));
        assert_eq!(place("#%FF"), Some("%FF".into()));
        for none in ["", "#", "#top", "#TOP", "#/route", "#!route", "#:~:text=x"] {
            assert_eq!(place(none), None, "{none}");
        }
    }
}
