//! Compliance: who is told what about the visitor.

use std::borrow::Cow;

use flowrun_guard::Url;

use super::wording::{PRIVACY, TERMS, Topic};
use crate::scan::audit::{Audit, Finding};
use crate::scan::document::{Element, is_word};
use crate::scan::page::Page;
use crate::scan::references::{decoded, loaded};
use crate::scan::script;

/// Domains that exist to follow people around.
const TRACKERS: &[&str] = &[
    "clarity.ms",
    "connect.facebook.net",
    "doubleclick.net",
    "google-analytics.com",
    "googletagmanager.com",
    "hotjar.com",
    "matomo.cloud",
    "mixpanel.com",
    "plausible.io",
    "segment.com",
    "snap.licdn.com",
];

/// What `autocomplete` calls fields for what tells people apart.
const PERSONAL: &[&str] = &[
    "additional-name",
    "address-line1",
    "bday",
    "email",
    "family-name",
    "given-name",
    "name",
    "postal-code",
    "street-address",
    "tel",
    "tel-national",
];

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let tracked = is_tracked(page);
    let links: Vec<(Element<'_>, String)> = page.document().link_texts().collect();
    let privacy = leads_to(page, &links, &PRIVACY);
    let terms = leads_to(page, &links, &TERMS);
    vec![
        Audit::new("trackers", 5, Finding::or_warning(!tracked, "the page loads a tracker")),
        Audit::new("third-party-cookies", 4, Finding::not_measured("only a browser makes those requests")),
        Audit::new("consent-banner", 5, consent(page, tracked)),
        Audit::new("privacy-link", 8, Finding::or_fail(privacy, "no link to a privacy policy")),
        Audit::new("terms-link", 3, Finding::or_warning(terms, "no link to terms of service")),
        Audit::new("personal-data-without-notice", 10, personal_data(page, privacy)),
    ]
}

/// Whether the page loads a tracker, or holds the script that will: most are put in that way.
fn is_tracked(page: &Page) -> bool {
    let loads = page.all_elements().flat_map(loaded).filter_map(|reference| page.resolve(&reference));
    let inline = || {
        let scripts = page.elements("script").filter(|script| script.attr("src").is_none());
        scripts.filter(|script| script::runs(*script)).map(|script| script.text())
    };
    let names_one = |text: String| TRACKERS.iter().any(|tracker| names(&text, tracker));
    loads.into_iter().any(|url| is_tracker(&url)) || inline().any(names_one)
}

/// Whether a script holds an address of `domain`.
fn names(text: &str, domain: &str) -> bool {
    text.match_indices(domain).any(|(at, _)| text[..at].ends_with(['/', '.']))
}

fn is_tracker(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    TRACKERS
        .iter()
        .any(|tracker| host.strip_suffix(tracker).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether a link says that it leads there, by its text or by a part of its address.
fn leads_to(page: &Page, links: &[(Element<'_>, String)], topic: &Topic) -> bool {
    links.iter().any(|(link, text)| {
        let labels = ["aria-label", "title"].into_iter().filter_map(|name| link.attr(name));
        topic.is_in(cut(text)) || labels.into_iter().any(|label| topic.is_in(cut(label))) || {
            let address = link.href().and_then(|href| page.resolve(href));
            address.is_some_and(|url| parts_of(&url).any(|part| topic.is_in(&part)))
        }
    })
}

/// The parts of an address that people name: those of the path, values of the query, the fragment.
fn parts_of(url: &Url) -> impl Iterator<Item = String> {
    let path = url.path_segments().into_iter().flatten().map(decoded);
    let query = url.query_pairs().map(|(_, value)| value).map(Cow::into_owned);
    path.chain(query).chain(url.fragment().map(decoded))
}

/// As much of a text as a link says; whole articles can stand in one.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(300)]
}

fn consent(page: &Page, tracked: bool) -> Finding {
    if !tracked {
        return Finding::NOT_APPLICABLE;
    }
    let asks = |element: Element<'_>| {
        let named = [element.attr("id"), element.attr("class")];
        named.into_iter().flatten().any(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("cookie") || name.contains("consent")
        })
    };
    Finding::or_warning(page.all_elements().any(asks), "visitors are followed without being asked")
}

fn personal_data(page: &Page, privacy: bool) -> Finding {
    let is_personal = |field: Element<'_>| {
        let kind = field.attr("type");
        let known = ["email", "tel"].iter().any(|personal| is_word(kind, personal));
        // Purposes of fields come with words before them (HTML standard, section 4.10.18.7.1).
        let mut purposes = field.attr("autocomplete").unwrap_or_default().split_ascii_whitespace();
        known || purposes.any(|purpose| PERSONAL.contains(&&*purpose.to_ascii_lowercase()))
    };
    if !page.elements("input").any(is_personal) {
        return Finding::NOT_APPLICABLE;
    }
    Finding::or_fail(privacy, "personal data is asked for without a privacy policy")
}
