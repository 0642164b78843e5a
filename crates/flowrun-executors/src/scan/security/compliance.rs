//! Compliance: who is told what about the visitor.

use flowrun_guard::Url;
use scraper::ElementRef;

use crate::scan::audit::{Audit, Finding};
use crate::scan::page::{Page, is_word};

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

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let tracked = page
        .all_elements()
        .filter(|element| matches!(element.value().name(), "script" | "img" | "iframe"))
        .filter_map(|element| page.resolve(element.attr("src")?))
        .any(|url| is_tracker(&url));
    let privacy = links_to(page, &["privacy", "datenschutz", "confidentialit", "privacidad"]);
    let terms = links_to(page, &["terms", "conditions", "agb", "tos"]);
    vec![
        Audit::new("trackers", 5, Finding::or_warning(!tracked, "the page loads a tracker")),
        Audit::new("third-party-cookies", 4, Finding::not_measured("only a browser makes those requests")),
        Audit::new("consent-banner", 5, consent(page, tracked)),
        Audit::new("privacy-link", 8, Finding::or_fail(privacy, "no link to a privacy policy")),
        Audit::new("terms-link", 3, Finding::or_warning(terms, "no link to terms of service")),
        Audit::new("personal-data-without-notice", 10, personal_data(page, privacy)),
    ]
}

fn is_tracker(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    TRACKERS
        .iter()
        .any(|tracker| host.strip_suffix(tracker).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether a link's address or text speaks of one of `words`.
fn links_to(page: &Page, words: &[&str]) -> bool {
    let speaks_of = |text: &str| {
        let text = text.to_lowercase();
        text.split(|c: char| !c.is_alphanumeric()).any(|part| words.iter().any(|word| part.starts_with(word)))
    };
    page.elements("a").any(|link| {
        let Some(address) = link.attr("href") else { return false };
        speaks_of(address) || link.text().any(speaks_of)
    })
}

fn consent(page: &Page, tracked: bool) -> Finding {
    if !tracked {
        return Finding::NOT_APPLICABLE;
    }
    let asks = |element: ElementRef<'_>| {
        let named = [element.attr("id"), element.attr("class")];
        named.into_iter().flatten().any(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("cookie") || name.contains("consent")
        })
    };
    Finding::or_warning(page.all_elements().any(asks), "visitors are followed without being asked")
}

fn personal_data(page: &Page, privacy: bool) -> Finding {
    let is_personal = |field: ElementRef<'_>| {
        let kind = field.attr("type");
        let known = ["email", "tel"].iter().any(|personal| is_word(kind, personal));
        let completes = ["name", "email", "tel", "street-address", "bday"];
        known || completes.iter().any(|what| is_word(field.attr("autocomplete"), what))
    };
    if !page.elements("input").any(is_personal) {
        return Finding::NOT_APPLICABLE;
    }
    Finding::or_fail(privacy, "personal data is asked for without a privacy policy")
}
