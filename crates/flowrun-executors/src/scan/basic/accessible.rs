//! Pages that people with other senses and devices can use: the rules of WCAG 2.2 that a document alone can break,
//! as the ACT rules of the W3C test them.

use std::collections::BTreeSet;

use super::count;
use crate::scan::audit::Finding;
use crate::scan::document::{Element, is_said, is_word};
use crate::scan::page::Page;

/// ACT rule 97a4e1: buttons have names. What is hidden from everybody needs none.
pub(super) fn empty_buttons(page: &Page) -> Finding {
    count(page.elements("button").filter(|e| !e.is_hidden() && !e.says_something()), "buttons say nothing")
}

/// ACT rule c487ae: links have names.
pub(super) fn empty_links(page: &Page) -> Finding {
    let links = page.elements("a").filter(|link| link.href().is_some() && !link.is_hidden());
    count(links.filter(|link| !link.says_something()), "links say nothing")
}

/// ACT rule e086e5: form fields have names.
pub(super) fn form_labels(page: &Page) -> Finding {
    let targets: BTreeSet<&str> = page.elements("label").filter_map(|label| label.attr("for")).collect();
    let fields = page.all_elements().filter(|element| match element.name() {
        "input" => !["hidden", "submit", "button", "reset", "image"]
            .iter()
            .any(|kind| is_word(element.attr("type"), kind)),
        "select" | "textarea" => true,
        _ => false,
    });
    let is_labelled = |field: &Element<'_>| {
        has_label(*field) || field.in_label() || field.attr("id").is_some_and(|id| targets.contains(id))
    };
    count(fields.filter(|field| !field.is_hidden() && !is_labelled(field)), "form fields have no label")
}

fn has_label(element: Element<'_>) -> bool {
    ["aria-label", "aria-labelledby", "title"].iter().any(|name| is_said(element.attr(name)))
}

/// ACT rules 23a2a8 and e88epe: an image has an alternative, or says that it is decoration.
pub(super) fn image_alt(page: &Page) -> Finding {
    let is_decoration = |image: &Element<'_>| {
        let roles = ["none", "presentation"];
        let role = image.attr("role").and_then(|role| role.split_ascii_whitespace().next());
        // Whoever can reach it with the keyboard is told of it whatever its role says (WAI-ARIA, section 7.1).
        roles.iter().any(|known| is_word(role, known)) && image.attr("tabindex").is_none()
    };
    let images = page.elements("img").filter(|image| image.is_html() && !image.is_hidden());
    let silent = images.filter(|e| e.attr("alt").is_none() && !has_label(*e) && !is_decoration(e));
    count(silent, "images have no `alt`")
}

fn headings(page: &Page) -> impl Iterator<Item = u8> {
    page.all_elements().filter(|element| !element.is_hidden()).filter_map(|element| {
        match element.name().as_bytes() {
            [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
            _ => None,
        }
    })
}

pub(super) fn heading_order(page: &Page) -> Finding {
    let mut last = 0;
    for level in headings(page) {
        if last > 0 && level > last + 1 {
            return Finding::warning(format!("h{level} follows h{last}"));
        }
        last = level;
    }
    Finding::PASS
}

pub(super) fn one_h1(page: &Page) -> Finding {
    match headings(page).filter(|level| *level == 1).count() {
        1 => Finding::PASS,
        other => Finding::warning(format!("{other} h1")),
    }
}

/// ACT rules b5c3f8 and bf051a: the document names a language, by a tag that can be one (RFC 5646, section 2.1).
pub(super) fn lang(page: &Page) -> Finding {
    let Some(lang) = page.elements("html").find_map(|html| html.attr("lang")).map(str::trim) else {
        return Finding::fail("no language");
    };
    let mut subtags = lang.split('-');
    let is_language = subtags.next().is_some_and(|language| {
        matches!(language.len(), 2..=8) && language.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let are_subtags = subtags.all(|subtag| {
        matches!(subtag.len(), 1..=8) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    match (lang.is_empty(), is_language && are_subtags) {
        (true, _) => Finding::fail("no language"),
        (_, false) => Finding::fail("`lang` is no language tag"),
        _ => Finding::PASS,
    }
}

/// The page fits small screens, and those who need it larger may make it so (ACT rule b4f0c3).
pub(super) fn viewport(page: &Page) -> Finding {
    let Some(content) = page.metas("viewport").last().map(str::to_ascii_lowercase) else {
        return Finding::fail("no viewport");
    };
    let property = |wanted: &str| {
        let mut properties = content.split([',', ';']).filter_map(|property| property.split_once('='));
        properties.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim().to_owned())
    };
    if property("width").is_none() && property("initial-scale").is_none() {
        return Finding::fail("the viewport has neither width nor scale");
    }
    let scale = property("maximum-scale").and_then(|scale| scale.parse::<f64>().ok());
    let is_fixed = property("user-scalable").is_some_and(|value| value == "no" || value == "0");
    let is_free = !is_fixed && scale.is_none_or(|scale| !(0.0..2.0).contains(&scale));
    Finding::or_warning(is_free, "the page cannot be made larger")
}
