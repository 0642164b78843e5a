//! What search engines are told: the robots rules as Google documents them, RFC 9309 and RFC 6596.

use std::collections::BTreeSet;

use crate::scan::audit::Finding;
use crate::scan::document::{has_word, is_said, is_word};
use crate::scan::page::Page;

/// Those who are spoken to by name and matter to most pages.
const CRAWLERS: &[&str] = &["googlebot", "bingbot"];

pub(super) fn description(page: &Page) -> Finding {
    Finding::or_warning(page.metas("description").any(|content| is_said(Some(content))), "no description")
}

/// RFC 6596: one address, in a `link` element or a `Link` header.
pub(super) fn canonical(page: &Page) -> Finding {
    let links = page.elements("link").filter(|link| has_word(link.attr("rel"), "canonical"));
    let in_document = links.filter_map(|link| link.attr("href")).filter(|href| is_said(Some(href)));
    let in_headers = page.headers.get_all("link").flat_map(|value| value.split(',')).filter_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_canonical =
            parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                is_word(Some(name), "rel") && has_word(Some(value.trim().trim_matches('"')), "canonical")
            });
        is_canonical.then_some(address)
    });
    let addresses: BTreeSet<_> =
        in_document.chain(in_headers).map(|address| page.resolve(address).map(String::from)).collect();
    match addresses.len() {
        0 => Finding::warning("no canonical address"),
        1 => Finding::PASS,
        some => Finding::warning(format!("{some} canonical addresses")),
    }
}

/// Rules of all elements and headers hold together, and the strictest wins.
pub(super) fn noindex(page: &Page) -> Finding {
    let forbids = |rules: &str| {
        rules.split(',').any(|rule| is_word(Some(rule), "noindex") || is_word(Some(rule), "none"))
    };
    let for_all = page.metas("robots").any(forbids);
    let by_name = CRAWLERS.iter().find(|crawler| page.metas(crawler).any(forbids));
    let in_header = page.headers.get_all("x-robots-tag").find_map(forbidden_to);
    match (for_all, in_header.or(by_name.copied())) {
        (true, _) | (_, Some("robots")) => Finding::warning("search engines are told to leave the page out"),
        (_, Some(crawler)) => Finding::warning(format!("{crawler} is told to leave the page out")),
        (false, None) => Finding::PASS,
    }
}

/// Whom a value of `X-Robots-Tag` tells to stay away: `robots` for everybody, or one of those who matter. A name
/// before a colon holds for the rules after it.
fn forbidden_to(value: &str) -> Option<&'static str> {
    // Rules that carry a value of their own are no names.
    const VALUED: &[&str] = &["max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"];
    let mut crawler = Some("robots");
    for rule in value.split(',') {
        let mut rule = rule.trim();
        if let Some((name, rest)) = rule.split_once(':') {
            if VALUED.iter().any(|valued| is_word(Some(name), valued)) {
                continue;
            }
            crawler = ["robots"].iter().chain(CRAWLERS).find(|known| is_word(Some(name), known)).copied();
            rule = rest;
        }
        let forbids = is_word(Some(rule), "noindex") || is_word(Some(rule), "none");
        if let (true, Some(crawler)) = (forbids, crawler) {
            return Some(crawler);
        }
    }
    None
}

/// RFC 9309, section 2.3.1: without the file everything may be read; a server that fails forbids everything.
pub(super) fn robots_txt(page: &Page) -> Finding {
    match page.surroundings.robots_status {
        None => Finding::not_measured("robots.txt could not be fetched"),
        Some(200..=299) => Finding::PASS,
        Some(status @ 500..) => Finding::warning(format!("robots.txt answers {status}: crawlers stay away")),
        Some(status) => Finding::not_measured(format!("robots.txt answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_tags_are_read_rule_by_rule_and_name_by_name() {
        for (value, expected) in [
            ("noindex", Some("robots")),
            ("nofollow, NONE", Some("robots")),
            ("googlebot: nofollow, noindex", Some("googlebot")),
            ("bingbot:none", Some("bingbot")),
            ("robots: noindex", Some("robots")),
            ("otherbot: noindex, nofollow", None),
            ("otherbot: nofollow, googlebot: noindex", Some("googlebot")),
            ("max-snippet:10, noindex", Some("robots")),
            ("unavailable_after: 25 Jun 2030 15:00:00 PST", None),
            ("noindexifembedded", None),
            ("all, index", None),
            ("", None),
        ] {
            assert_eq!(forbidden_to(value), expected, "{value}");
        }
    }
}
