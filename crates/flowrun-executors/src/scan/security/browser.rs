//! Browser: the headers and cookie attributes that make browsers protect their user. Missing ones are
//! warnings: the page works without, until someone attacks it.

use super::cookies::{Asked, Cookies};
use super::policy::Policy;
use crate::scan::audit::{Audit, Finding};
use crate::scan::document::is_word;
use crate::scan::page::Page;

/// Seconds of half a year: what the MDN HTTP Observatory asks of HSTS.
const HALF_A_YEAR: u64 = 15_768_000;

pub(super) fn audits(page: &Page) -> Vec<Audit> {
    let policies = Policy::all(page);
    let cookies = Cookies::of(page);
    // The first of all values counts, also of those a proxy joined (Fetch standard, section 2.2.6).
    let nosniff = is_word(listed(page, "x-content-type-options").next(), "nosniff");
    vec![
        Audit::new("hsts", 6, hsts(page)),
        Audit::new("csp", 8, csp(&policies)),
        Audit::new("x-content-type-options", 4, Finding::or_warning(nosniff, "types may be guessed")),
        Audit::new("referrer-policy", 4, referrer_policy(page)),
        Audit::new("frame-protection", 5, frame_protection(page, &policies)),
        Audit::new("permissions-policy", 3, permissions_policy(page)),
        Audit::new("cookie-secure", 5, cookies.finding(Asked::Secure)),
        Audit::new("cookie-httponly", 5, cookies.finding(Asked::HttpOnly)),
        Audit::new("cookie-samesite", 5, cookies.finding(Asked::SameSite)),
    ]
}

/// The values of a header that is a list, over all its lines.
fn listed<'a>(page: &'a Page, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.headers.get_all(name).flat_map(|value| value.split(',')).map(str::trim)
}

fn hsts(page: &Page) -> Finding {
    // Of several headers the first one counts (RFC 6797, section 8.1).
    let Some(value) = page.headers.get("strict-transport-security") else {
        return Finding::warning("no Strict-Transport-Security");
    };
    if !page.is_https() {
        return Finding::warning("Strict-Transport-Security counts for nothing over http");
    }
    match max_age(value) {
        None => Finding::warning("Strict-Transport-Security cannot be read"),
        Some(0) => Finding::warning("Strict-Transport-Security switches itself off"),
        Some(seconds) => Finding::or_warning(
            seconds >= HALF_A_YEAR,
            "Strict-Transport-Security holds for less than half a year",
        ),
    }
}

/// The seconds of `max-age`; `None` for a header that browsers ignore (RFC 6797, section 6.1).
fn max_age(value: &str) -> Option<u64> {
    let mut names = Vec::new();
    let mut seconds = None;
    for directive in value.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        let (name, argument) = (name.trim().to_ascii_lowercase(), argument.trim());
        let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_token || names.contains(&name) || names.len() == 100 {
            return None;
        }
        if name == "max-age" {
            let quoted = argument.strip_prefix('"').and_then(|argument| argument.strip_suffix('"'));
            let digits = quoted.unwrap_or(argument);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            // More seconds than fit are more than enough.
            seconds = Some(digits.parse().unwrap_or(u64::MAX));
        }
        names.push(name);
    }
    seconds
}

fn csp(policies: &[Policy]) -> Finding {
    let Some(first) = policies.first() else { return Finding::warning("no Content-Security-Policy") };
    // All of them hold, so one that is strong is enough.
    match policies.iter().all(|policy| policy.weakness().is_some()) {
        true => Finding::warning(first.weakness().unwrap_or_default()),
        false => Finding::PASS,
    }
}

/// The last value that is known counts, and a `meta` element after the header (Referrer Policy, section 8.1).
fn referrer_policy(page: &Page) -> Finding {
    let in_header = listed(page, "referrer-policy").map(str::to_ascii_lowercase);
    let in_document = page.metas("referrer").map(|content| {
        let content = content.trim().to_ascii_lowercase();
        // Names from before there was a standard (HTML standard, section 4.2.5.1).
        match &*content {
            "never" => "no-referrer".to_owned(),
            "default" => "strict-origin-when-cross-origin".to_owned(),
            "always" => "unsafe-url".to_owned(),
            "origin-when-crossorigin" => "origin-when-cross-origin".to_owned(),
            _ => content,
        }
    });
    let is_known = |policy: &String| {
        matches!(
            &**policy,
            "no-referrer"
                | "no-referrer-when-downgrade"
                | "origin"
                | "origin-when-cross-origin"
                | "same-origin"
                | "strict-origin"
                | "strict-origin-when-cross-origin"
                | "unsafe-url"
        )
    };
    match in_header.chain(in_document).filter(is_known).last() {
        None => Finding::warning("no Referrer-Policy"),
        Some(policy) => match &*policy {
            "unsafe-url" | "origin" | "origin-when-cross-origin" => {
                Finding::warning(format!("it is `{policy}`"))
            }
            _ => Finding::PASS,
        },
    }
}

/// `frame-ancestors` of any policy, and where there is none `X-Frame-Options` (HTML standard, section 7.4.6.4).
fn frame_protection(page: &Page, policies: &[Policy]) -> Finding {
    let mut ancestors = policies.iter().filter_map(Policy::frame_ancestors).peekable();
    let is_protected = match ancestors.peek() {
        Some(_) => {
            let is_broad =
                |source: &String| matches!(&**source, "*" | "http:" | "https:" | "http://*" | "https://*");
            ancestors.any(|sources| !sources.iter().any(is_broad))
        }
        None => {
            let options = listed(page, "x-frame-options").filter(|option| !option.is_empty());
            let options: std::collections::BTreeSet<String> = options.map(str::to_ascii_lowercase).collect();
            let says = |option: &str| options.contains(option);
            // Several that contradict each other forbid it.
            says("deny") || says("sameorigin") || (says("allowall") && options.len() > 1)
        }
    };
    Finding::or_warning(is_protected, "any site may put the page into a frame")
}

/// A dictionary of structured fields (RFC 9651); browsers drop one that is none as a whole.
fn permissions_policy(page: &Page) -> Finding {
    let values: Vec<&str> = page.headers.get_all("permissions-policy").collect();
    let value = values.join(", ");
    match value.trim() {
        "" => Finding::warning("no Permissions-Policy"),
        value => Finding::or_warning(is_dictionary(value), "Permissions-Policy cannot be read"),
    }
}

/// Whether `value` is a dictionary of tokens, strings and lists of them, as permissions are.
fn is_dictionary(value: &str) -> bool {
    let (mut in_list, mut in_string) = (false, false);
    let members = value.split(|c| {
        match c {
            '"' => in_string = !in_string,
            '(' if !in_string => in_list = true,
            ')' if !in_string => in_list = false,
            _ => {}
        }
        c == ',' && !in_list && !in_string
    });
    members.map(str::trim).all(|member| {
        let (name, argument) = member.split_once('=').unwrap_or((member, "?1"));
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '*')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b));
        let list = argument.strip_prefix('(').map(|list| list.split_once(')').is_some());
        let is_item = argument.starts_with(|c: char| c.is_ascii_alphabetic() || "*\"?".contains(c));
        is_name && list.unwrap_or(is_item)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsts_is_read_by_its_grammar() {
        for (value, expected) in [
            ("max-age=31536000; includeSubDomains; preload", Some(31_536_000)),
            ("includeSubDomains;; MAX-AGE = \"10\" ;", Some(10)),
            ("max-age=0", Some(0)),
            ("max-age=99999999999999999999999", Some(u64::MAX)),
            ("max-age=1; max-age=2", None),
            ("max-age=1, max-age=1", None),
            ("max-age=-1", None),
            ("max-age", None),
            ("includeSubDomains", None),
            ("", None),
        ] {
            assert_eq!(max_age(value), expected, "{value}");
        }
    }

    #[test]
    fn permissions_are_a_dictionary_and_not_the_feature_policy_of_before() {
        for good in [
            "camera=(), geolocation=()",
            "camera=(), camera=()",
            "fullscreen=*, geolocation=(self \"https://a.example,b\")",
            "usb=self;report-to=x",
        ] {
            assert!(is_dictionary(good), "{good}");
        }
        for bad in ["camera 'none'", "camera=(", "Camera=()", "camera=(),", "=()", "camera="] {
            assert!(!is_dictionary(bad), "{bad}");
        }
    }
}
