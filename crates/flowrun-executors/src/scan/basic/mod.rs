//! The basic audits: what any document should be like. They are ours and named so; nothing here claims to be
//! a Lighthouse score. `docs/audits.md` says which standard each follows.

mod accessible;
mod document;
mod search;

use super::audit::{Audit, Finding};
use super::document::Element;
use super::page::Page;

/// Bytes of a document over the wire that are fine, and that are too many.
const LIGHT: u64 = 512 << 10;
const HEAVY: u64 = 2 << 20;

/// Runs every basic audit, in the order of their names.
pub(crate) fn audits(page: &Page) -> Vec<Audit> {
    [
        ("blocking-scripts", document::blocking_scripts(page)),
        ("cache-headers", cache_headers(page)),
        ("canonical", search::canonical(page)),
        ("charset", document::charset(page)),
        ("description", search::description(page)),
        ("doctype", document::doctype(page)),
        ("duplicate-ids", document::duplicate_ids(page)),
        ("empty-buttons", accessible::empty_buttons(page)),
        ("empty-links", accessible::empty_links(page)),
        ("form-labels", accessible::form_labels(page)),
        ("heading-order", accessible::heading_order(page)),
        ("image-alt", accessible::image_alt(page)),
        ("image-size", document::image_size(page)),
        ("lang", accessible::lang(page)),
        ("noindex", search::noindex(page)),
        ("one-h1", accessible::one_h1(page)),
        ("robots-txt", search::robots_txt(page)),
        ("title", Finding::or_fail(page.title().is_some(), "no title")),
        ("transfer-weight", transfer_weight(page)),
        ("viewport", accessible::viewport(page)),
    ]
    .map(|(name, finding)| Audit::new(name, 1, finding))
    .into()
}

/// Fails with the number of `wrong` elements, if any.
fn count<'a>(wrong: impl Iterator<Item = Element<'a>>, what: &str) -> Finding {
    match wrong.count() {
        0 => Finding::PASS,
        wrong => Finding::fail(format!("{wrong} {what}")),
    }
}

fn cache_headers(page: &Page) -> Finding {
    let known = ["cache-control", "expires", "etag", "last-modified"];
    let any = known.iter().any(|name| page.headers.get(name).is_some());
    Finding::or_warning(any, "no header says how long the page may be kept")
}

fn transfer_weight(page: &Page) -> Finding {
    match page.transferred_bytes {
        0..=LIGHT => Finding::PASS,
        bytes @ ..=HEAVY => Finding::warning(format!("{bytes} bytes")),
        bytes => Finding::fail(format!("{bytes} bytes")),
    }
}
