//! Transport: whether what is sent stays between page and visitor.

use std::time::Duration;

use super::forms;
use super::policy::Policy;
use crate::scan::audit::{Audit, Finding};
use crate::scan::page::Page;
use crate::scan::references;

/// A certificate that ends sooner needs someone's attention now.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let upgrades = Policy::all(page).iter().any(Policy::upgrades_requests);
    vec![
        Audit::new("https-used", 10, Finding::or_fail(page.is_https(), "the page is served over http")),
        Audit::new("http-redirects-to-https", 8, redirects_to_https(page)),
        Audit::new("certificate-valid", 8, certificate_valid(page)),
        Audit::new("certificate-expiring-soon", 4, certificate_expiring(page)),
        Audit::new("mixed-content", 7, Finding::not_measured("only a browser reports it")),
        Audit::new("insecure-subresource-request", 6, insecure_subresources(page, upgrades)),
        Audit::new("insecure-form-target", 10, insecure_form_target(page, upgrades)),
    ]
}

fn redirects_to_https(page: &Page) -> Finding {
    match page.surroundings.redirects_to_https {
        None => Finding::not_measured("plain http could not be tried"),
        Some(redirects) => Finding::or_fail(redirects, "plain http does not lead to https"),
    }
}

/// An https page was only read because TLS found its certificate valid.
fn certificate_valid(page: &Page) -> Finding {
    if page.is_https() { Finding::PASS } else { Finding::NOT_APPLICABLE }
}

fn certificate_expiring(page: &Page) -> Finding {
    let (Some(certificate), Some(now)) = (page.certificate, page.surroundings.now) else {
        return Finding::NOT_APPLICABLE;
    };
    match certificate.not_after.duration_since(now) {
        Ok(left) if left > SOON => Finding::PASS,
        Ok(left) => Finding::warning(format!("it ends in {} days", left.as_secs() / (24 * 60 * 60))),
        Err(_) => Finding::fail("it has ended"),
    }
}

/// What an https page loads over http: images, scripts, styles, frames, media (Mixed Content, section 3). With
/// `upgrade-insecure-requests` a browser asks for all of it over https.
fn insecure_subresources(page: &Page, upgrades: bool) -> Finding {
    if !page.is_https() {
        return Finding::NOT_APPLICABLE;
    }
    let loaded = page.all_elements().flat_map(references::loaded);
    let insecure =
        loaded.filter_map(|reference| page.resolve(&reference)).filter(|url| url.scheme() == "http");
    match insecure.count() {
        0 => Finding::PASS,
        _ if upgrades => Finding::PASS,
        some => Finding::fail(format!("{some} parts are loaded over http")),
    }
}

fn insecure_form_target(page: &Page, upgrades: bool) -> Finding {
    if !page.is_https() || page.elements("form").next().is_none() {
        return Finding::NOT_APPLICABLE;
    }
    let mut targets = forms::targets(page);
    let is_secure = upgrades || targets.all(|url| url.scheme() == "https");
    Finding::or_fail(is_secure, "a form sends to http")
}
