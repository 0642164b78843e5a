//! The basic audits: what any document should be like. They are ours and named so; nothing here claims to be
//! a Lighthouse score.

use std::collections::BTreeSet;

use scraper::ElementRef;

use super::audit::{Audit, Finding};
use super::page::{Page, has_label, has_word, is_word};

/// How far up an element looks for a label around it. Deeper documents are made to keep scanners busy.
const LABEL_DEPTH: usize = 64;
/// Bytes of a document over the wire that are fine, and that are too many.
const LIGHT: u64 = 512 << 10;
const HEAVY: u64 = 2 << 20;

/// Runs every basic audit, in the order of their names.
pub(crate) fn audits(page: &Page) -> Vec<Audit> {
    [
        ("blocking-scripts", blocking_scripts(page)),
        ("cache-headers", cache_headers(page)),
        ("canonical", canonical(page)),
        ("charset", charset(page)),
        ("description", Finding::or_warning(is_said(page.meta("description")), "no description")),
        ("doctype", Finding::or_fail(page.has_html_doctype(), "no `<!doctype html>`")),
        ("duplicate-ids", duplicate_ids(page)),
        ("empty-buttons", count(page.elements("button").filter(|e| is_silent(*e)), "buttons say nothing")),
        ("empty-links", empty_links(page)),
        ("form-labels", form_labels(page)),
        ("heading-order", heading_order(page)),
        (
            "image-alt",
            count(page.elements("img").filter(|e| e.attr("alt").is_none()), "images have no `alt`"),
        ),
        ("image-size", image_size(page)),
        ("lang", lang(page)),
        ("noindex", noindex(page)),
        ("one-h1", one_h1(page)),
        ("robots-txt", robots_txt(page)),
        ("title", Finding::or_fail(page.title().is_some(), "no title")),
        ("transfer-weight", transfer_weight(page)),
        ("viewport", Finding::or_fail(is_said(page.meta("viewport")), "no viewport")),
    ]
    .map(|(name, finding)| Audit::new(name, 1, finding))
    .into()
}

fn is_said(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// Fails with the number of `wrong` elements, if any.
fn count<'a>(wrong: impl Iterator<Item = ElementRef<'a>>, what: &str) -> Finding {
    match wrong.count() {
        0 => Finding::PASS,
        wrong => Finding::fail(format!("{wrong} {what}")),
    }
}

fn blocking_scripts(page: &Page) -> Finding {
    let in_head = |element: &ElementRef<'_>| {
        let parent = element.parent().and_then(ElementRef::wrap);
        parent.is_some_and(|parent| parent.value().name() == "head")
    };
    let blocks = |element: &ElementRef<'_>| {
        let waits = element.attr("async").is_some() || element.attr("defer").is_some();
        element.attr("src").is_some() && !waits && !is_word(element.attr("type"), "module")
    };
    match page.elements("script").filter(|script| in_head(script) && blocks(script)).count() {
        0 => Finding::PASS,
        blocking => Finding::warning(format!("{blocking} scripts in the head block the page")),
    }
}

fn cache_headers(page: &Page) -> Finding {
    let known = ["cache-control", "expires", "etag", "last-modified"];
    let any = known.iter().any(|name| page.headers.get(name).is_some());
    Finding::or_warning(any, "no header says how long the page may be kept")
}

fn canonical(page: &Page) -> Finding {
    let any = page.elements("link").any(|e| has_word(e.attr("rel"), "canonical") && is_said(e.attr("href")));
    Finding::or_warning(any, "no canonical address")
}

fn charset(page: &Page) -> Finding {
    let in_type = |value: &str| value.to_ascii_lowercase().contains("charset=");
    let said = page.headers.get("content-type").is_some_and(in_type)
        || page.elements("meta").any(|meta| is_said(meta.attr("charset")))
        || page.meta("content-type").is_some_and(in_type);
    Finding::or_fail(said, "no charset")
}

fn duplicate_ids(page: &Page) -> Finding {
    let mut seen = BTreeSet::new();
    let ids = page.all_elements().filter_map(|element| element.attr("id"));
    match ids.filter(|id| !id.is_empty() && !seen.insert(*id)).count() {
        0 => Finding::PASS,
        twice => Finding::fail(format!("{twice} ids are used again")),
    }
}

fn empty_links(page: &Page) -> Finding {
    count(page.elements("a").filter(|a| a.attr("href").is_some() && is_silent(*a)), "links say nothing")
}

/// Whether an element has neither text nor a label, nor an image with one.
fn is_silent(element: ElementRef<'_>) -> bool {
    let speaks = |element: ElementRef<'_>| {
        has_label(element) || (element.value().name() == "img" && is_said(element.attr("alt")))
    };
    let inside = element.descendants().skip(1).any(|node| match node.value().as_text() {
        Some(text) => !text.trim().is_empty(),
        None => ElementRef::wrap(node).is_some_and(speaks),
    });
    !has_label(element) && !inside
}

fn form_labels(page: &Page) -> Finding {
    let targets: BTreeSet<&str> = page.elements("label").filter_map(|label| label.attr("for")).collect();
    let fields = page.all_elements().filter(|element| match element.value().name() {
        "input" => !["hidden", "submit", "button", "reset", "image"]
            .iter()
            .any(|kind| is_word(element.attr("type"), kind)),
        "select" | "textarea" => true,
        _ => false,
    });
    let is_labelled = |field: &ElementRef<'_>| {
        let in_label = field
            .ancestors()
            .take(LABEL_DEPTH)
            .any(|node| node.value().as_element().is_some_and(|element| element.name() == "label"));
        has_label(*field) || in_label || field.attr("id").is_some_and(|id| targets.contains(id))
    };
    count(fields.filter(|field| !is_labelled(field)), "form fields have no label")
}

fn headings(page: &Page) -> impl Iterator<Item = u8> {
    page.all_elements().filter_map(|element| match element.value().name().as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    })
}

fn heading_order(page: &Page) -> Finding {
    let mut last = 0;
    for level in headings(page) {
        if last > 0 && level > last + 1 {
            return Finding::warning(format!("h{level} follows h{last}"));
        }
        last = level;
    }
    Finding::PASS
}

fn one_h1(page: &Page) -> Finding {
    match headings(page).filter(|level| *level == 1).count() {
        1 => Finding::PASS,
        other => Finding::warning(format!("{other} h1")),
    }
}

fn image_size(page: &Page) -> Finding {
    let unsized_images =
        page.elements("img").filter(|img| img.attr("width").is_none() || img.attr("height").is_none());
    match unsized_images.count() {
        0 => Finding::PASS,
        some => Finding::warning(format!("{some} images without width and height")),
    }
}

fn lang(page: &Page) -> Finding {
    let said = page.elements("html").any(|html| is_said(html.attr("lang")));
    Finding::or_fail(said, "no language")
}

fn noindex(page: &Page) -> Finding {
    let forbids = |value: &str| value.to_ascii_lowercase().contains("noindex");
    let forbidden =
        page.meta("robots").is_some_and(forbids) || page.headers.get_all("x-robots-tag").any(forbids);
    Finding::or_warning(!forbidden, "search engines are told to leave the page out")
}

fn robots_txt(page: &Page) -> Finding {
    match page.surroundings.robots_status {
        None => Finding::not_measured("robots.txt could not be fetched"),
        Some(200..=299) => Finding::PASS,
        Some(status) => Finding::warning(format!("robots.txt answers {status}")),
    }
}

fn transfer_weight(page: &Page) -> Finding {
    match page.transferred_bytes {
        0..=LIGHT => Finding::PASS,
        bytes @ ..=HEAVY => Finding::warning(format!("{bytes} bytes")),
        bytes => Finding::fail(format!("{bytes} bytes")),
    }
}
