//! What is wrong with each page, by the name of the audit that must find it.

use serde::Serialize;

/// One page and everything that is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KnownPage {
    /// The path, starting with `/`.
    pub path: &'static str,
    /// Every defect, each audit once however often it fires; sorted by component and name.
    pub defects: &'static [Defect],
    /// Links, images and fragments on the page that lead nowhere, as they stand in the document.
    pub broken_links: &'static [&'static str],
    /// What the console of a browser says, sorted.
    pub console: &'static [ConsoleLine],
}

/// A line of a browser's console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ConsoleLine {
    /// Its level.
    pub level: &'static str,
    /// A part of its text that no other line has.
    pub says: &'static str,
}

/// One defect: an audit of section 5 of the scan's specification that does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Defect {
    /// Which component's audit it is.
    pub component: Component,
    /// The audit.
    pub audit: &'static str,
}

/// A part of a scan that audits pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// What the document itself should be like.
    Basic,
    /// Headers, cookies, forms and foreign content.
    Security,
}

const fn basic(audit: &'static str) -> Defect {
    Defect { component: Component::Basic, audit }
}

const fn security(audit: &'static str) -> Defect {
    Defect { component: Component::Security, audit }
}

const fn said(level: &'static str, says: &'static str) -> ConsoleLine {
    ConsoleLine { level, says }
}

/// What plain HTTP costs every page.
const NO_TLS: [Defect; 3] = [security("hsts"), security("http-redirects-to-https"), security("https-used")];

pub(super) const PAGES: &[KnownPage] = &[
    KnownPage { path: "/", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage { path: "/good", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage {
        path: "/about",
        defects: &[
            basic("description"),
            basic("image-alt"),
            security("csp"),
            security("hsts"),
            security("http-redirects-to-https"),
            security("https-used"),
            security("permissions-policy"),
        ],
        broken_links: &[],
        console: &[],
    },
    KnownPage {
        path: "/bad",
        defects: &[
            basic("blocking-scripts"),
            basic("cache-headers"),
            basic("canonical"),
            basic("charset"),
            basic("description"),
            basic("doctype"),
            basic("duplicate-ids"),
            basic("empty-buttons"),
            basic("empty-links"),
            basic("form-labels"),
            basic("heading-order"),
            basic("image-alt"),
            basic("image-size"),
            basic("lang"),
            basic("one-h1"),
            basic("title"),
            basic("viewport"),
            security("cookie-httponly"),
            security("cookie-samesite"),
            security("cookie-secure"),
            security("csp"),
            security("form-action"),
            security("form-submits-securely"),
            security("frame-protection"),
            security("hsts"),
            security("http-redirects-to-https"),
            security("https-used"),
            security("inline-script"),
            security("permissions-policy"),
            security("personal-data-without-notice"),
            security("privacy-link"),
            security("referrer-policy"),
            security("sensitive-get"),
            security("sensitive-insecure-page"),
            security("terms-link"),
            security("x-content-type-options"),
        ],
        broken_links: &["/good#nowhere", "/img/999.png", "/missing"],
        console: &[
            said("error", "/api/500"),
            said("error", "/img/999.png"),
            said("error", "bad: an error"),
            said("error", "bad: nobody catches this"),
            said("error", "nobodyDefinedThis"),
            said("info", "bad: a word to developers"),
            said("warning", "bad: a warning"),
        ],
    },
    KnownPage { path: "/privacy", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage { path: "/shop", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage { path: "/tall", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage { path: "/terms", defects: &NO_TLS, broken_links: &[], console: &[] },
    KnownPage { path: "/ua", defects: &NO_TLS, broken_links: &[], console: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_name_nothing_twice() {
        for page in PAGES {
            assert!(page.defects.is_sorted_by(|a, b| a < b), "{}", page.path);
            assert!(page.broken_links.is_sorted_by(|a, b| a < b), "{}", page.path);
            assert!(page.console.is_sorted_by(|a, b| a < b), "{}", page.path);
        }
    }
}
