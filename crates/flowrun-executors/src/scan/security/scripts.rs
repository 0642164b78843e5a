//! Scripts: whose code runs on the page.

use std::collections::BTreeSet;

use super::policy::Policy;
use crate::scan::audit::{Audit, Finding};
use crate::scan::document::Element;
use crate::scan::page::Page;
use crate::scan::script;
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

fn third_party_scripts(page: &Page) -> impl Iterator<Item = (Element<'_>, String)> {
    page.elements("script").filter(|script| script::runs(*script)).filter_map(|script| {
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

/// Inline scripts without a nonce: a policy can only allow them together with those an attacker puts in, unless
/// it knows them by their hash.
fn inline(page: &Page) -> Finding {
    let has_nonce = |script: &Element<'_>| script.attr("nonce").is_some_and(|nonce| !nonce.is_empty());
    let inline = page.elements("script").filter(|script| {
        script.attr("src").is_none()
            && !has_nonce(script)
            && script::runs(*script)
            && !script.text().trim().is_empty()
    });
    match inline.count() {
        0 => Finding::PASS,
        some if Policy::all(page).iter().any(Policy::knows_inline_scripts) => {
            Finding::info(format!("{some} inline scripts, which the policy knows by their hash or stops"))
        }
        some => Finding::fail(format!("{some} inline scripts")),
    }
}

fn missing_sri(page: &Page) -> Finding {
    let scripts: Vec<_> = third_party_scripts(page).collect();
    let bare = scripts.iter().filter(|(script, _)| !is_checked(*script)).count();
    match (scripts.len(), bare) {
        (0, _) => Finding::NOT_APPLICABLE,
        (_, 0) => Finding::PASS,
        (all, some) => Finding::fail(format!("{some} of {all} scripts of others have no `integrity`")),
    }
}

/// Whether the browser compares the script with a hash (Subresource Integrity, section 3.3): what is no hash is
/// dropped, and without any nothing is compared.
fn is_checked(script: Element<'_>) -> bool {
    let hashes = script.attr("integrity").unwrap_or_default().split_ascii_whitespace();
    let known = ["sha256-", "sha384-", "sha512-"];
    hashes
        .into_iter()
        .any(|hash| known.iter().any(|start| hash.len() > start.len() && hash.starts_with(start)))
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
