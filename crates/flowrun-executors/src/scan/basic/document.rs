//! Documents that browsers read as they were meant: doctype, character set, ids, what blocks and what moves.

use std::collections::BTreeSet;

use crate::scan::audit::Finding;
use crate::scan::charset::{PRESCAN, Source};
use crate::scan::document::{Element, is_said, is_word};
use crate::scan::page::Page;
use crate::scan::script;

/// Scripts that a browser waits for before it goes on with the page.
pub(super) fn blocking_scripts(page: &Page) -> Finding {
    let in_head = |element: &Element<'_>| element.parent().is_some_and(|parent| parent.name() == "head");
    let blocks = |element: &Element<'_>| {
        let waits = ["async", "defer", "nomodule"].iter().any(|name| element.attr(name).is_some());
        let is_module = is_word(element.attr("type"), "module");
        element.attr("src").is_some() && !waits && !is_module && script::runs(*element)
    };
    match page.elements("script").filter(|script| in_head(script) && blocks(script)).count() {
        0 => Finding::PASS,
        blocking => Finding::warning(format!("{blocking} scripts in the head block the page")),
    }
}

/// It must be declared, early enough to be found, and be UTF-8 (HTML standard, section 4.2.5.4).
pub(super) fn charset(page: &Page) -> Finding {
    let name = page.charset.encoding.name();
    let in_content = |content: &str| content.to_ascii_lowercase().contains("charset=");
    let in_document = || {
        page.elements("meta").any(|meta| is_said(meta.attr("charset")))
            || page.pragmas("content-type").any(in_content)
    };
    match page.charset.source {
        Source::Guess if !in_document() => Finding::fail("no charset"),
        Source::Guess | Source::LateMeta => {
            Finding::warning(format!("the charset is not declared within the first {PRESCAN} bytes"))
        }
        _ if name == "UTF-8" => Finding::PASS,
        Source::ByteOrderMark | Source::Header | Source::Document => {
            Finding::warning(format!("the charset is {name}, not UTF-8"))
        }
    }
}

pub(super) fn doctype(page: &Page) -> Finding {
    match (page.document().has_html_doctype(), page.document().is_quirky()) {
        (false, _) => Finding::fail("no `<!doctype html>`"),
        (true, true) => Finding::fail("the doctype makes browsers behave as those of the nineties"),
        (true, false) => Finding::PASS,
    }
}

pub(super) fn duplicate_ids(page: &Page) -> Finding {
    let mut seen = BTreeSet::new();
    // Each shadow tree has ids of its own.
    let ids = page.all_elements().filter(|e| !e.in_shadow()).filter_map(|element| element.attr("id"));
    match ids.filter(|id| !id.is_empty() && !seen.insert(*id)).count() {
        0 => Finding::PASS,
        twice => Finding::fail(format!("{twice} ids are used again")),
    }
}

/// Images whose place is not known before they are loaded, so that the page jumps.
pub(super) fn image_size(page: &Page) -> Finding {
    let is_sized = |image: &Element<'_>| {
        let style = image.attr("style").unwrap_or_default().to_ascii_lowercase();
        let has = |name| image.attr(name).is_some() || style.contains(name);
        (has("width") && has("height")) || style.contains("aspect-ratio")
    };
    let images = page.elements("img").filter(|image| image.attr("hidden").is_none());
    match images.filter(|image| !is_sized(image)).count() {
        0 => Finding::PASS,
        some => Finding::warning(format!("{some} images without width and height")),
    }
}
