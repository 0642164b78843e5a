//! Browser: the headers and cookie attributes that make browsers protect their user. Missing ones are
//! warnings: the page works without, until someone attacks it.

use crate::scan::audit::{Audit, Finding};
use crate::scan::page::{Page, is_word};

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let header = |name| page.headers.get(name);
    let present =
        |name, detail| Finding::or_warning(header(name).is_some_and(|v| !v.trim().is_empty()), detail);
    let nosniff = is_word(header("x-content-type-options"), "nosniff");
    vec![
        Audit::new("hsts", 6, hsts(page)),
        Audit::new("csp", 8, Finding::or_warning(csp(page).next().is_some(), "no Content-Security-Policy")),
        Audit::new("x-content-type-options", 4, Finding::or_warning(nosniff, "types may be guessed")),
        Audit::new("referrer-policy", 4, referrer_policy(page)),
        Audit::new("frame-protection", 5, frame_protection(page)),
        Audit::new("permissions-policy", 3, present("permissions-policy", "no Permissions-Policy")),
        Audit::new("cookie-secure", 5, cookies(page, "secure")),
        Audit::new("cookie-httponly", 5, cookies(page, "httponly")),
        Audit::new("cookie-samesite", 5, cookies(page, "samesite")),
    ]
}

/// The policies of the page, from headers and document.
fn csp(page: &Page) -> impl Iterator<Item = &str> {
    page.headers.get_all("content-security-policy").chain(page.meta("content-security-policy"))
}

fn hsts(page: &Page) -> Finding {
    let max_age = page.headers.get("strict-transport-security").and_then(|value| {
        value.split(';').find_map(|directive| {
            let (name, seconds) = directive.split_once('=')?;
            let seconds = seconds.trim().trim_matches('"').parse::<u64>().ok()?;
            is_word(Some(name), "max-age").then_some(seconds)
        })
    });
    Finding::or_warning(max_age.is_some_and(|seconds| seconds > 0), "no Strict-Transport-Security")
}

fn referrer_policy(page: &Page) -> Finding {
    match page.headers.get("referrer-policy").or_else(|| page.meta("referrer")) {
        None => Finding::warning("no Referrer-Policy"),
        Some(policy) => Finding::or_warning(!is_word(Some(policy), "unsafe-url"), "it is `unsafe-url`"),
    }
}

fn frame_protection(page: &Page) -> Finding {
    let options = page.headers.get("x-frame-options");
    // `frame-ancestors` counts in the header only; browsers ignore it in the document.
    let ancestors = page
        .headers
        .get_all("content-security-policy")
        .any(|policy| policy.to_ascii_lowercase().contains("frame-ancestors"));
    let protected = is_word(options, "deny") || is_word(options, "sameorigin") || ancestors;
    Finding::or_warning(protected, "any site may put the page into a frame")
}

fn cookies(page: &Page, attribute: &str) -> Finding {
    let lacks = |cookie: &str| {
        let mut attributes = cookie.split(';').skip(1).map(|part| part.split('=').next().unwrap_or_default());
        !attributes.any(|name| is_word(Some(name), attribute))
    };
    let cookies: Vec<&str> = page.headers.get_all("set-cookie").collect();
    match (cookies.len(), cookies.into_iter().filter(|cookie| lacks(cookie)).count()) {
        (0, _) => Finding::NOT_APPLICABLE,
        (_, 0) => Finding::PASS,
        (all, some) => Finding::warning(format!("{some} of {all} cookies are not `{attribute}`")),
    }
}
