//! Content Security Policies (CSP Level 3): as much of them as the audits ask for.

use crate::scan::page::Page;

/// One policy that is enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Names in lower case, each once, with their values.
    directives: Vec<(String, Vec<String>)>,
    /// `frame-ancestors`, `report-uri` and `sandbox` count in headers only (section 3.3).
    from_header: bool,
}

impl Policy {
    /// Every policy of the page, from headers and document. A header may hold several, and all of them hold.
    pub(super) fn all(page: &Page) -> Vec<Self> {
        let headers = page.headers.get_all("content-security-policy");
        let in_headers = headers.flat_map(|value| value.split(',')).map(|text| Self::parse(text, true));
        let in_document = page.pragmas("content-security-policy").map(|text| Self::parse(text, false));
        // One without directives is none (section 2.2.1).
        in_headers.chain(in_document).filter(|policy| !policy.directives.is_empty()).collect()
    }

    fn parse(text: &str, from_header: bool) -> Self {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            // Of directives of one name the first counts. Policies have few names; nobody sends thousands.
            if directives.len() < 100 && directives.iter().all(|(known, _)| *known != name) {
                directives.push((name, words.map(str::to_ascii_lowercase).collect()));
            }
        }
        Self { directives, from_header }
    }

    fn directive(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, values)| &**values)
    }

    /// What keeps the policy from stopping scripts that an attacker puts into the page; `None` when nothing does.
    /// By the rules of the MDN HTTP Observatory.
    pub(super) fn weakness(&self) -> Option<&'static str> {
        let Some(sources) = self.scripts() else { return Some("the policy says nothing about scripts") };
        let has = |source: &str| sources.iter().any(|known| known == source);
        let trusts_by_name = sources.iter().any(|source| is_nonce_or_hash(source));
        if has("'unsafe-inline'") && !trusts_by_name && !has("'strict-dynamic'") {
            return Some("the policy allows every inline script");
        }
        let broad = ["*", "http:", "https:", "data:", "ftp:", "http://*", "https://*"];
        let is_broad = sources.iter().any(|source| broad.contains(&&**source));
        // With it, sources that are no nonces or hashes count for nothing.
        (is_broad && !has("'strict-dynamic'")).then_some("the policy allows scripts from anywhere")
    }

    /// Whether inline scripts run only when the policy knows them by their hash.
    pub(super) fn knows_inline_scripts(&self) -> bool {
        self.scripts().is_some_and(|sources| sources.iter().any(|source| source.starts_with("'sha")))
    }

    /// Which pages may put this one into a frame; `None` when the policy does not say.
    pub(super) fn frame_ancestors(&self) -> Option<&[String]> {
        self.directive("frame-ancestors").filter(|_| self.from_header)
    }

    /// Whether the browser turns http into https by itself (Upgrade Insecure Requests).
    pub(super) fn upgrades_requests(&self) -> bool {
        self.directive("upgrade-insecure-requests").is_some()
    }

    fn scripts(&self) -> Option<&[String]> {
        let names = ["script-src-elem", "script-src", "default-src"];
        names.iter().find_map(|name| self.directive(name))
    }
}

/// Beside one of them `'unsafe-inline'` counts for nothing (section 6.7.3.2).
fn is_nonce_or_hash(source: &str) -> bool {
    ["'nonce-", "'sha256-", "'sha384-", "'sha512-"].iter().any(|start| source.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_as_strong_as_what_it_says_about_scripts() {
        let nothing = Some("the policy says nothing about scripts");
        let inline = Some("the policy allows every inline script");
        let anywhere = Some("the policy allows scripts from anywhere");
        for (text, expected) in [
            ("default-src 'self'", None),
            ("Script-Src 'none'; default-src *", None),
            ("script-src 'self'; script-src *", None),
            ("script-src 'nonce-abc' 'unsafe-inline' https: 'strict-dynamic'", None),
            ("script-src 'sha256-abc=' 'unsafe-inline'", None),
            ("script-src 'self' 'unsafe-inline'", inline),
            ("default-src 'self' 'UNSAFE-INLINE'", inline),
            ("script-src https:", anywhere),
            ("default-src *", anywhere),
            ("script-src data: 'self'", anywhere),
            ("upgrade-insecure-requests", nothing),
            ("frame-ancestors 'none'; img-src 'self'", nothing),
        ] {
            assert_eq!(Policy::parse(text, true).weakness(), expected, "{text}");
        }
        assert_eq!(Policy::parse(" ; ;", true).directives, []);
    }
}
