//! Scripts: whose code runs on the page.

use std::collections::BTreeSet;

use scraper::ElementRef;

use crate::scan::audit::{Audit, Finding};
use crate::scan::page::{Page, is_word};
use crate::text::tame;

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    vec![
        Audit::new("third-party-inventory", 0, inventory(page)),
        Audit::new("unapproved-domain", 8, Finding::not_measured("no list of approved domains")),
        Audit::new("inline-script", 7, inline(page)),
        Audit::new("missing-sri", 6, missing_sri(page)),
        Audit::new("third-party-iframe", 5, iframes(page)),
    ]
}

fn third_party_scripts(page: &Page) -> impl Iterator<Item = (ElementRef<'_>, String)> {
    page.elements("script").filter_map(|script| {
        let url = page.resolve(script.attr("src")?).filter(|url| page.is_third_party(url))?;
        Some((script, url.host_str().unwrap_or_default().to_owned()))
    })
}

fn inventory(page: &Page) -> Finding {
    let hosts: BTreeSet<String> = third_party_scripts(page).map(|(_, host)| host).collect();
    match hosts.len() {
        0 => Finding::info("no scripts of others"),
        _ => Finding::info(tame(&format!("scripts of {}", hosts.into_iter().collect::<Vec<_>>().join(", ")))),
    }
}

/// Inline scripts without a nonce: a policy can only allow them together with those an attacker puts in.
fn inline(page: &Page) -> Finding {
    let runs = |script: &ElementRef<'_>| match script.attr("type") {
        None => true,
        kind => ["", "module", "text/javascript", "application/javascript"].iter().any(|k| is_word(kind, k)),
    };
    let inline = page.elements("script").filter(|script| {
        script.attr("src").is_none()
            && script.attr("nonce").is_none()
            && runs(script)
            && script.text().any(|text| !text.trim().is_empty())
    });
    match inline.count() {
        0 => Finding::PASS,
        some => Finding::fail(format!("{some} inline scripts")),
    }
}

fn missing_sri(page: &Page) -> Finding {
    let scripts: Vec<_> = third_party_scripts(page).collect();
    let bare = scripts.iter().filter(|(script, _)| script.attr("integrity").is_none()).count();
    match (scripts.len(), bare) {
        (0, _) => Finding::NOT_APPLICABLE,
        (_, 0) => Finding::PASS,
        (all, some) => Finding::fail(format!("{some} of {all} scripts of others have no `integrity`")),
    }
}

fn iframes(page: &Page) -> Finding {
    let foreign = page
        .elements("iframe")
        .filter_map(|frame| page.resolve(frame.attr("src")?))
        .filter(|url| page.is_third_party(url))
        .count();
    match foreign {
        0 => Finding::PASS,
        some => Finding::warning(format!("{some} frames of others")),
    }
}
